/** Draws with the probability of rank r in proportion to 1/r: a few SKUs take most of the sales. */
export function zipf(skus: readonly string[]): () => string {
  let sum = 0;
  const upTo = Float64Array.from(skus, (_, index) => (sum += 1 / (index + 1)));
  return () => {
    const drawn = Math.random() * sum;
    let [low, high] = [0, upTo.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((upTo[middle] ?? sum) < drawn) low = middle + 1;
      else high = middle;
    }
    return skus[low] ?? '';
  };
}
