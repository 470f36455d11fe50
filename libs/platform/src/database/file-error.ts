import { StartupError, systemCodeOf } from '../startup-error.js';

/** Says in one sentence what a failed file operation under `directory` means; other errors pass through. */
export function fileError(error: unknown, directory: string): unknown {
  switch (systemCodeOf(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new StartupError(`The disk that holds ${directory} is full.`, { cause: error });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new StartupError(`The data directory ${directory} is not writable for this user.`, { cause: error });
    case 'ENOTDIR':
    case 'EEXIST':
      return new StartupError(`The data directory ${directory} is a file, or lies below one.`, { cause: error });
    default:
      return error;
  }
}
