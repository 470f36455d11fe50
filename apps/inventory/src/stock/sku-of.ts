/** The SKU of a stream `stock-<SKU>`. */
export const skuOf = (stream: string): string => stream.slice(stream.indexOf('-') + 1);
