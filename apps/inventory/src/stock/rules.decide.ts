import type { Decision, Stock } from './stock.js';
import { levelOf } from './stock-levels.js';

export interface SetSafetyStock {
  readonly type: 'SetSafetyStock';
  readonly locationId: string;
  readonly units: number;
}

export interface SetChannelRule {
  readonly type: 'SetChannelRule';
  readonly channel: string;
  readonly buffer?: number | undefined;
  readonly cap?: number | undefined;
  readonly sharePercent?: number | undefined;
  readonly quota?: number | undefined;
  readonly restriction?: string | undefined;
}

export function setSafetyStock({ locationId, units }: SetSafetyStock, stock: Stock): Decision {
  if (levelOf(stock.figures, locationId).safety === units) return [];
  return [{ type: 'SafetyStockSet', data: { locationId, units } }];
}

export function setChannelRule({ type: _, channel, ...rule }: SetChannelRule, stock: Stock): Decision {
  const before = stock.figures.rules[channel] ?? {};
  const names = ['buffer', 'cap', 'sharePercent', 'quota', 'restriction'] as const;
  if (names.every((name) => before[name] === rule[name])) return [];
  return [{ type: 'ChannelRuleSet', data: { channel, ...rule } }];
}
