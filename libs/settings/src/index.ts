export {
  type Environment,
  givenIn,
  readSettings,
  type Setting,
  type SettingsGroup,
  type ValuesOf,
  WrongSettings,
} from './define-settings.js';
export { settingsDocument, settingsHelp } from './documents.js';
export { misspeltSettings } from './misspelt-settings.js';
export {
  allSettings,
  channelsSettings,
  connectorSettings,
  kafkaSettings,
  LOG_LEVELS,
  ordersClientSettings,
  processSettings,
  ROLES,
  settingsByName,
  simulatedShopSettings,
  tracingSettings,
} from './settings.js';
