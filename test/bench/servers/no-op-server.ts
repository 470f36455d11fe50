import { fastify } from 'fastify';

/** "H": Fastify that does nothing, for what HTTP itself costs here. GET without a body, POST with the JSON parsed. */
const server = fastify();
server.get('/no-op', () => ({ ok: true }));
server.post('/no-op', () => ({ ok: true }));
// The one line of Einklang's metrics that is compared.
server.get('/metrics', () => {
  const { user, system } = process.cpuUsage();
  return `process_cpu_seconds_total ${(user + system) / 1e6}\n`;
});
const url = await server.listen({ host: '127.0.0.1', port: 0 });
process.send?.({ url });
process.on('disconnect', () => process.exit(0));
