import { Logger } from '@nestjs/common';
import type { Log } from '#read-models';

/** Nest's logger as our libraries know one. */
export const logOf = (logger: Logger): Log => ({
  info: (fields, msg) => logger.log({ msg, ...fields }),
  warn: (fields, msg) => logger.warn({ msg, ...fields }),
  error: (fields, msg) => logger.error({ msg, ...fields }),
});
