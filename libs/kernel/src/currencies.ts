/**
 * Digits behind the decimal point of every currency of ISO 4217, list one, by the number of digits. The runtime's own data
 * (CLDR) says what people write, which differs (HUF 0, COP 0, IQD 0) and changes with its version. Codes without minor
 * units, such as metals, are no currency to sell in. Codes that ended after 2010 stay: sales of those years name them.
 */
const CODES_BY_DIGITS: readonly (readonly [digits: number, codes: string])[] = [
  [0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'],
  [
    2,
    `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU
     CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES
     KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR
     NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP
     TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG`,
  ],
  [3, 'BHD IQD JOD KWD LYD OMR TND'],
  [4, 'CLF UYW'],
  // Ended: Belarus 2016; the others by 2026.
  [0, 'BYR'],
  [2, 'ANG BGN CUC EEK HRK LTL LVL MRO SLL STD VEF ZMK ZWL'],
];

const DIGITS: ReadonlyMap<string, number> = new Map(
  CODES_BY_DIGITS.flatMap(([digits, codes]) => codes.split(/\s+/).map((code) => [code, digits] as const)),
);

/** Codes of ISO 4217 that have minor units, in the order of the alphabet. */
export const CURRENCY_CODES: readonly string[] = [...DIGITS.keys()].sort();

export const isCurrency = (code: string): boolean => DIGITS.has(code);

/** Digits behind the decimal point of an ISO 4217 currency: JPY 0, EUR 2, KWD 3. Undefined for any other code. */
export const minorDigits = (currency: string): number | undefined => DIGITS.get(currency);
