/** The SKU of an event of inventory: its stream is named after it. */
export const skuOf = ({ stream }: { readonly stream: string }): string => stream.slice('stock-'.length);
