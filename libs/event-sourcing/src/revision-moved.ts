import { Rejected } from '#kernel';

/** The caller decided on a revision of the stream that is not the one its command would have been decided on. Nothing changed. */
export class RevisionMoved extends Rejected {
  constructor(
    stream: string,
    readonly expectedRevision: number,
    readonly revision: number,
  ) {
    super(
      'precondition',
      'revision-moved',
      `${stream} is at revision ${revision}, not at ${expectedRevision}. Read it again, and decide on what it has become.`,
      { expectedRevision, revision },
    );
  }
}
