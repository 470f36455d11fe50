/** What a command for one aggregate takes, as OpenAPI has it. */
export const IF_MATCH = {
  name: 'If-Match',
  required: false,
  description:
    'The ETag of the aggregate as it was read, or its revision in quotes. When it has changed since, the command is refused with 412 and changes nothing.',
  schema: { type: 'string' as const, pattern: '^"[0-9]{1,15}(\\.[A-Za-z0-9_-]*)?"$' },
  examples: { etag: { value: '"12.2jmj7l5rSw0yVb_vlWAYkK_YBwk"' }, revision: { value: '"12"' } },
};
