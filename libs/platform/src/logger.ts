import { isNativeError } from 'node:util/types';
import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, type Logger as Pino, pino } from 'pino';
import { currentContext, traceIdOf } from '#event-sourcing';
import type { LogLevel } from './config.js';
import { StartupError } from './startup-error.js';

/**
 * Nest's logger on pino: one JSON line per event, short lines on a terminal. Use it through Nest's `new Logger('Relay')`;
 * an object as the message becomes the fields of the line: `logger.log({ msg: 'Caught up', position })`. Errors go under
 * `err`. Lines inside a request carry its correlation id. Bodies and personal data have no place here.
 */
export class PinoLogger implements LoggerService {
  private readonly pino: Pino;

  constructor(level: LogLevel, destination: DestinationStream = process.stdout.isTTY ? terminal : process.stdout) {
    this.pino = pino(
      {
        level,
        base: null,
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
        serializers: { err: safeError },
        redact: { paths: redactedPaths(), censor: '[redacted]' },
        mixin: () => {
          const context = currentContext();
          if (!context) return {};
          const traceId = traceIdOf(context.traceparent);
          return { correlationId: context.correlationId, ...(traceId !== undefined && { traceId }) };
        },
      },
      destination,
    );
  }

  log = (message: unknown, ...rest: unknown[]): void =>
    this.write(CHATTER.has(rest.at(-1)) ? 'debug' : 'info', message, rest);
  error = (message: unknown, ...rest: unknown[]): void =>
    this.write(isToldAnyway(message, rest) ? 'debug' : 'error', message, rest);
  warn = (message: unknown, ...rest: unknown[]): void => this.write('warn', message, rest);
  debug = (message: unknown, ...rest: unknown[]): void => this.write('debug', message, rest);
  verbose = (message: unknown, ...rest: unknown[]): void => this.write('trace', message, rest);
  fatal = (message: unknown, ...rest: unknown[]): void => this.write('fatal', message, rest);

  /** Nest passes the name of the logger last, and before it the stack of an error given as text. */
  private write(level: Exclude<LogLevel, 'silent'>, message: unknown, rest: readonly unknown[]): void {
    if (!this.pino.isLevelEnabled(level)) return;
    const context = typeof rest.at(-1) === 'string' ? { context: rest.at(-1) } : {};
    const stack = typeof rest[0] === 'string' && rest.length > 1 ? { stack: rest[0] } : {};
    const cause = isNativeError(rest[0]) ? { err: rest[0] } : {};
    if (isNativeError(message)) this.pino[level]({ ...context, err: message }, message.message);
    else if (typeof message === 'object' && message !== null) this.pino[level]({ ...context, ...cause, ...message });
    else this.pino[level]({ ...context, ...stack, ...cause }, String(message));
  }
}

/** Nest names every module and route when it starts. */
const CHATTER = new Set<unknown>([
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestFactory',
  'NestApplication',
  'NestMicroservice',
]);

/** Nest logs what ends a start and throws it too; the launcher tells its operator in one sentence. */
const isToldAnyway = (message: unknown, rest: readonly unknown[]): boolean =>
  message instanceof StartupError ||
  (rest.at(-1) === 'NestApplication' && String(message).startsWith('Error: listen '));

/** Only what errors say about themselves: a driver hangs rows and parameters, which may be personal data, on its own. */
function safeError(error: unknown): unknown {
  if (!isNativeError(error)) return { message: String(error) };
  return {
    type: error.name,
    message: error.message,
    ...('code' in error && { code: error.code }),
    stack: error.stack,
    ...(error.cause !== undefined && { cause: safeError(error.cause) }),
  };
}

function redactedPaths(): string[] {
  const secrets = [
    'authorization',
    'cookie',
    '["set-cookie"]',
    'signature',
    '["x-signature"]',
    '["x-einklang-signature"]',
    'hashKey',
    'databaseUrl',
  ];
  const below = (prefix: string) =>
    secrets.map((name) => (name.startsWith('[') ? `${prefix}${name}` : `${prefix}.${name}`));
  return [...secrets, ...below('*'), ...below('*.headers')];
}

const terminal: DestinationStream = {
  write(line) {
    const { time, level, context, msg, err } = JSON.parse(line);
    const cause = err ? ` (${err.message})` : '';
    process.stdout.write(`${time.slice(11, 19)} ${level} ${context ? `${context}: ` : ''}${msg}${cause}\n`);
  },
};
