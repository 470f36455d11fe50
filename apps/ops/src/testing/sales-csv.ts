/** A stream of numbers from 0 to 1 that is the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * A sales CSV in the manner of the UCI file, with everything odd that file has and some things it does not: returns,
 * nameless finds and losses, gifts, postage and fees, codes in lower case, the same SKU twice in an invoice, an invoice
 * interrupted by another, one of more than 1,000 lines, and rows that cannot be used.
 */
export function salesCsv({ rows, seed }: { readonly rows: number; readonly seed: number }): string {
  const random = seededRandom(seed);
  const whole = (from: number, to: number): number => from + Math.floor(random() * (to - from + 1));
  const lines: string[] = ['InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country'];
  let number = 536_365;
  let minute = 0;
  const date = (): string =>
    new Date(Date.UTC(2010, 11, 1, 8, 26) + minute * 60_000).toISOString().slice(0, 19).replace('T', ' ');
  const sku = (): string => {
    const code = `${whole(20_000, 20_400)}${['', '', 'A', 'B'][whole(0, 3)]}`;
    return random() < 0.01 ? code.toLowerCase() : code;
  };
  const title = (code: string): string =>
    code.startsWith('2000') ? `"SIGN ""${code.toUpperCase()}"", BLUE"` : `ITEM ${code.toUpperCase()}`;
  const add = (
    invoice: string,
    code: string,
    text: string,
    quantity: number,
    price: string,
    customer: string,
    country: string,
  ): void => {
    lines.push([invoice, code, text, quantity, date(), price, customer, country].join(','));
  };
  const goods = (invoice: string, sign: 1 | -1, customer: string, country: string): void => {
    const code = sku();
    const isGift = sign > 0 && random() < 0.002;
    add(
      invoice,
      code,
      title(code),
      sign * whole(1, 24),
      isGift ? '0.0' : `${whole(0, 12)}.${whole(10, 99)}`,
      customer,
      country,
    );
  };
  const invoice = (length: number, customer: string, country: string): void => {
    const name = String(number);
    number += 1;
    for (let line = 0; line < length; line += 1) goods(name, 1, customer, country);
    if (random() < 0.2)
      add(name, country === 'United Kingdom' ? 'DOT' : 'POST', 'POSTAGE', 1, '18.0', customer, country);
  };
  const buyer = (): [customer: string, country: string] => [
    random() < 0.25 ? '' : `${whole(12_346, 12_900)}.0`,
    ['United Kingdom', 'United Kingdom', 'United Kingdom', 'Germany', 'EIRE'][whole(0, 4)] ?? '',
  ];
  invoice(1_114, '', 'United Kingdom');
  while (lines.length <= rows) {
    minute += whole(1, 9);
    const kind = random();
    if (kind < 0.78) invoice(whole(1, 34), ...buyer());
    else if (kind < 0.88) goods(`C${number++}`, -1, `${whole(12_346, 12_900)}.0`, 'United Kingdom');
    else if (kind < 0.93)
      add(
        String(number++),
        sku(),
        ['damages', '?', '', 'thrown away'][whole(0, 3)] ?? '',
        -whole(1, 40),
        '0.0',
        '',
        'United Kingdom',
      );
    else if (kind < 0.95)
      add(String(number++), sku(), ['found', ''][whole(0, 1)] ?? '', whole(1, 40), '0.0', '', 'United Kingdom');
    else if (kind < 0.97) add(`C${number++}`, 'D', 'Discount', -1, '27.5', '14527.0', 'United Kingdom');
    else if (kind < 0.99) interruptedInvoice();
    else badRow();
  }
  return `${lines.slice(0, rows + 1).join('\n')}\n`;

  function interruptedInvoice(): void {
    const [name, other] = [String(number++), String(number++)];
    goods(name, 1, '12836.0', 'United Kingdom');
    goods(other, 1, '', 'Germany');
    goods(name, 1, '12836.0', 'United Kingdom');
  }

  function badRow(): void {
    const good = [String(number++), '22086', 'PAPER CHAIN', '3', date(), '2.55', '', 'France'];
    const faults: [column: number, value: string][] = [
      [3, '1.5'],
      [3, '9007199254740992'],
      [4, '2011-02-30 10:00:00'],
      [5, '-1.00'],
      [1, ''],
      [1, 'NONSENSE!'],
      [7, 'France,extra'],
    ];
    const [column, value] = faults[whole(0, faults.length - 1)] ?? [3, 'x'];
    lines.push(good.with(column, value).join(','));
  }
}
