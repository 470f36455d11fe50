import { fastify } from 'fastify';

/** "H": Fastify that does nothing, for what HTTP itself costs here. GET without a body, POST with the JSON parsed. */
const server = fastify();
server.get('/no-op', () => ({ ok: true }));
server.post('/no-op', () => ({ ok: true }));
const url = await server.listen({ host: '127.0.0.1', port: 0 });
process.send?.({ url });
process.on('disconnect', () => process.exit(0));
