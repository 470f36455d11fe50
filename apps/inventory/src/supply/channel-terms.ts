/** What holds for every SKU on one channel: where its goods come from, and its default rule. */
export interface ChannelPolicy {
  readonly channel: string;
  /** Locations that supply the channel, in the order in which they are asked. */
  readonly supply: readonly string[];
  /** Of each channel that not all of them supply: those that do. */
  readonly sharedWith?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Locations that supply a channel with which this one shares any; absent: those of `supply`. */
  readonly reach?: readonly string[] | undefined;
  readonly buffer: number;
  readonly cap?: number | undefined;
  readonly sharePercent: number;
}
