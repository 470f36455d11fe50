import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { StreamAppend } from '#event-sourcing';
import { EventStoreUnavailable } from '#event-sourcing';
import { type EventStoreDbDouble, startEventStoreDbDouble } from '#testing';
import { EventStoreDbStore } from './eventstoredb-store.js';

describe('EventStoreDbStore over TLS', () => {
  let folder: string;
  let double: EventStoreDbDouble;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'einklang-test-tls-'));
    await makeCertificate(folder, 'server');
    await makeCertificate(folder, 'stranger');
    const [certificate, key] = await Promise.all([read('server.crt'), read('server.key')]);
    double = await startEventStoreDbDouble({
      tls: { certificate, key },
      credentials: { username: 'einklang', password: 'p@ss:word' },
    });
  });

  afterAll(async () => {
    await double.stop();
    await rm(folder, { recursive: true });
  });

  const read = (name: string): Promise<string> => readFile(join(folder, name), 'utf8');
  const url = (user: string, authority = 'server.crt'): string =>
    double.url(`tls=true&tlsCAFile=${join(folder, authority)}`, user);

  it('appends, reads and subscribes as the user of the connection string', async () => {
    const store = await EventStoreDbStore.open({ url: url('einklang:p%40ss%3Aword@') });
    await store.append([appendOf('thing-1')]);
    expect(await store.readStream('thing-1')).toHaveLength(1);
    const abort = new AbortController();
    for await (const { events } of store.subscribe({ after: 0, signal: abort.signal })) {
      expect(events).toHaveLength(1);
      abort.abort();
    }
    await store.close();
  });

  it.each(['einklang:wrong@', ''])('is refused as %j, and says so', async (user) => {
    await expect(EventStoreDbStore.open({ url: url(user) })).rejects.toThrow(/refused access: check the user/);
  });

  it('does not talk to a server whose certificate no authority has signed', async () => {
    const opening = EventStoreDbStore.open({ url: url('einklang:p%40ss%3Aword@', 'stranger.crt'), patienceMs: 300 });
    await expect(opening).rejects.toBeInstanceOf(EventStoreUnavailable);
  });

  it('needs the file of the authority to be there', async () => {
    await expect(EventStoreDbStore.open({ url: url('a:b@', 'missing.crt') })).rejects.toThrow(/certificate file/);
  });
});

describe('EventStoreDbStore', () => {
  let double: EventStoreDbDouble;
  let store: EventStoreDbStore;

  beforeEach(async () => {
    double = await startEventStoreDbDouble();
    store = await EventStoreDbStore.open({ url: double.url() });
  });

  afterEach(async () => {
    await store.close();
    await double.stop();
  });

  it('says which stream setting to check where access is denied', async () => {
    double.faults.denied.add('thing-1');
    await expect(store.append([appendOf('thing-1')])).rejects.toThrow(/refused access.*access lists of the streams/);
    await expect(store.readStream('thing-1')).rejects.toThrow(/refused access/);
  });

  it('says what to do when an append is larger than the server takes', async () => {
    const append = appendOf('thing-1', ...Array.from({ length: 3 }, () => ({ text: 'x'.repeat(400_000) })));
    await expect(store.append([append])).rejects.toThrow(/split it, or raise MaxAppendSize/);
    expect(await store.readStream('thing-1')).toEqual([]);
  });

  it('says its own limit for an append, metadata included, before it sends it', async () => {
    const { events, ...append } = appendOf('thing-1');
    const wordy = events.map((event) => ({
      ...event,
      metadata: { ...event.metadata, actor: 'x'.repeat(16_767_216) },
    }));
    await expect(store.append([{ ...append, events: wordy }])).rejects.toThrow(/at most 16767216 are stored in one/);
    const large = appendOf('thing-1', ...Array.from({ length: 17 }, () => ({ text: 'x'.repeat(1_000_000) })));
    await expect(store.append([large])).rejects.toBeInstanceOf(RangeError);
    expect(double.faults.calls.get('append')).toBeUndefined();
  });

  it.each(['order-7', '', '{0D1C9B3E-5B7A-4C6D-8E9F-0A1B2C3D4E5F}', '0D1C9B3E5B7A4C6D8E9F0A1B2C3D4E5F'])(
    'refuses %j as the id of an event',
    async (id) => {
      const { events, ...append } = appendOf('thing-1');
      const attempt = store.append([{ ...append, events: events.map((event) => ({ ...event, id })) }]);
      await expect(attempt).rejects.toThrow(/id of an event is a UUID/);
    },
  );

  it('gives an id back in small letters', async () => {
    const { events, ...append } = appendOf('thing-1');
    const shouted = events.map((event) => ({ ...event, id: event.id.toUpperCase() }));
    await store.append([{ ...append, events: shouted }]);
    expect((await store.readStream('thing-1')).map(({ id }) => id)).toEqual(events.map(({ id }) => id));
  });

  it('reads nothing where nothing is asked for', async () => {
    await store.append([appendOf('thing-1')]);
    expect(await store.readStream('thing-1', { limit: 0 })).toEqual([]);
    expect(await store.readAll({ after: 0, limit: 0 })).toEqual({ events: [], position: 0, caughtUp: false });
  });

  it.each(['', 'a\0b', 'half-\ud83d', 'x'.repeat(2_001), '$system', '$$thing-1', 'snapshot-1'])(
    'refuses the stream name %j',
    async (stream) => {
      await expect(store.append([appendOf(stream)])).rejects.toBeInstanceOf(RangeError);
    },
  );

  it.each(['', '$metadata'])('refuses the event type %j', async (type) => {
    const { events, ...append } = appendOf('thing-1');
    const attempt = store.append([{ ...append, events: events.map((event) => ({ ...event, type })) }]);
    await expect(attempt).rejects.toBeInstanceOf(RangeError);
  });

  it('keeps correlation and causation under the names that EventStoreDB follows', async () => {
    const { events, ...append } = appendOf('thing-1');
    const caused = events.map((event) => ({ ...event, metadata: { ...event.metadata, causationId: 'cause' } }));
    await store.append([{ ...append, events: caused }]);
    const [record] = double.log.records;
    expect(JSON.parse(Buffer.from(record?.metadata ?? []).toString())).toEqual({
      commandId: caused[0]?.metadata.commandId,
      $correlationId: 'spec',
      $causationId: 'cause',
      actor: 'spec',
      occurredAt: '2024-02-29T12:00:00.000Z',
    });
    expect((await store.readStream('thing-1'))[0]?.metadata).toEqual(caused[0]?.metadata);
  });

  it('does not take an event for ours that another program wrote', async () => {
    const foreign = { id: randomUUID(), type: 'Foreign', contentType: 'application/json', data: Buffer.from('{}') };
    double.log.append('thing-1', 'any', [{ ...foreign, metadata: new Uint8Array() }]);
    await expect(store.readStream('thing-1')).rejects.toThrow(/was not written by this application/);
  });
});

const run = promisify(execFile);

async function makeCertificate(folder: string, name: string): Promise<void> {
  const files = ['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.crt`)];
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
  await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', ...subject, ...files]);
}

function appendOf(stream: string, ...data: readonly object[]): StreamAppend {
  const events = (data.length > 0 ? data : [{}]).map((each) => {
    const metadata = {
      commandId: randomUUID(),
      correlationId: 'spec',
      actor: 'spec',
      occurredAt: '2024-02-29T12:00:00.000Z',
    };
    return { id: randomUUID(), type: 'Counted', data: each, metadata };
  });
  return { stream, expected: 'any', events };
}
