import { WakeSignal } from '#event-sourcing';
import { Rejected } from '#kernel';
import { NotOpened } from '#platform';
import { isRefusedValue, type ReadModels } from '#read-models';
import type { Reading } from '../connectors/connector.js';
import { ConnectorRegistry } from '../connectors/connector-registry.js';
import { ChannelDirectory } from '../views/channels/channel-directory.js';
import { IntakeRows } from './intake-rows.js';
import { IntakeTable, type SealedMessage } from './intake-table.js';

/** Tries again what is parked: sales that were not recorded, and messages that were not understood. */
export class ParkedSales {
  constructor(
    private readonly directory: ChannelDirectory,
    private readonly connectors: ConnectorRegistry,
    private readonly table: IntakeTable,
    private readonly rows: IntakeRows,
    private readonly wakeSignal: WakeSignal,
    private readonly readModels: ReadModels,
  ) {}

  /** Throws `Rejected` where nothing of that id is parked, or the message still makes no sense. */
  async retry(channel: string, id: number): Promise<void> {
    this.directory.get(channel);
    const sealed = await this.table.sealed(channel, id);
    const reading = sealed && (await this.#readAgain(channel, sealed));
    if (reading?.kind === 'unreadable')
      throw new Rejected('invalid', 'unreadable-message', `The message is still not understood: ${reading.reason}.`);
    if (!reading && !(await this.table.unpark(channel, id)))
      throw new Rejected(
        'not-found',
        'not-parked',
        `Nothing that can be tried again is parked as ${id} of ${channel}.`,
      );
    this.wakeSignal.notify();
  }

  /** Throws `Rejected` where nothing of that id is parked. */
  async dismiss(channel: string, id: number, reason: string): Promise<void> {
    this.directory.get(channel);
    if (!(await this.table.dismiss(channel, id)))
      throw new Rejected('not-found', 'not-parked', `Nothing is parked as ${id} of ${channel}.`);
    this.readModels.log.info({ intakeId: id, channel, reason }, 'a parked sale was dismissed');
  }

  /** Reads every message again that was not understood: this version may do better than the one before. */
  async retryUnreadable(signal: AbortSignal): Promise<void> {
    let [after, understood] = [0, 0];
    for (let more = true; more && !signal.aborted; ) {
      const page = await this.table.allSealed(after, PAGE);
      for (const message of page) {
        if (signal.aborted) return;
        const reading = await this.#readAgain(message.channel, message).catch((error: unknown) => {
          // Its channel or connector is not here now: it goes on waiting.
          if (!(error instanceof Rejected)) throw error;
        });
        if (reading && reading.kind !== 'unreadable') understood += 1;
        after = message.id;
      }
      more = page.length === PAGE;
    }
    if (understood > 0) {
      this.readModels.log.info({ messages: understood }, 'parked messages are understood now');
      this.wakeSignal.notify();
    }
  }

  async #readAgain(channel: string, sealed: SealedMessage): Promise<Reading> {
    const connector = this.connectors.of(this.directory.get(channel).settings);
    const { id, receivedAt } = sealed;
    try {
      const raw = this.rows.open(channel, sealed);
      const reading = connector.read(raw);
      if (reading.kind === 'unreadable') await this.table.stillSealed(id, reading.reason);
      else {
        const sales = reading.kind === 'sales' ? reading.sales : [];
        await this.table.replaceSealed(id, this.rows.salesOf(channel, raw, sales, receivedAt));
      }
      return reading;
    } catch (error) {
      if (error instanceof NotOpened) return { kind: 'unreadable', reason: error.message };
      if (!isRefusedValue(error)) throw error;
      return { kind: 'unreadable', reason: `It cannot be stored (${error.code})` };
    }
  }
}

const PAGE = 20;
