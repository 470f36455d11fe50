/** The most units one movement or order line may name. Sums of a million such movements stay exact in a double. */
export const MAX_QUANTITY = 1_000_000_000;

/** True for a whole number of units from 1 to {@link MAX_QUANTITY}. */
export const isQuantity = (value: number): boolean => Number.isInteger(value) && value >= 1 && value <= MAX_QUANTITY;
