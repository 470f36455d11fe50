import type { ChannelEvent, ChannelPolicyEvent } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import { type Reaction, type ReadModels } from '#read-models';

type SetUp = RecordedEvent<
  | Extract<ChannelEvent, { type: 'ChannelRegistered' }>
  | Extract<ChannelPolicyEvent, { type: 'SupplyMapSet' | 'ChannelDefaultsSet' }>
>;

/** Remembers the channels that were set up: a sale of another one waits for a person. */
export class WhenChannelIsSetUpKnowIt implements Reaction {
  readonly name = 'when-channel-is-set-up-know-it';
  readonly types = ['ChannelRegistered', 'SupplyMapSet', 'ChannelDefaultsSet'];

  constructor(private readonly readModels: ReadModels) {}

  async react(events: readonly SetUp[]): Promise<void> {
    await this.readModels.execute(
      'insert into orders.channel (channel) select * from unnest($1::text[]) on conflict do nothing',
      [[...new Set(events.map(({ data }) => data.channel))]],
    );
  }
}
