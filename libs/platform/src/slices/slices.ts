/** What the slices of each service of this process work with; see `ServiceSlices.serve`. */
export class Slices {
  readonly parts = new Map<object, unknown>();
}
