import { Global, Module } from '@nestjs/common';
import { AVAILABILITY_FEED, SALES_INTAKE } from '#contracts';
import type { ServiceMessaging } from '#messaging';
import { CONFIG, type Config, MESSAGING, settingsOf } from '#platform';
import { runService } from '#platform/host';
import { channelsSettings, connectorSettings, ordersClientSettings } from '#settings';
import { ChannelsModule } from './channels.module.js';
import { OrdersClient } from './intake/orders-client.js';
import { channelsPublishes } from './publishes.js';

const ordersUrl = () => settingsOf(ordersClientSettings, process.env).ORDERS_URL;

/** Binds the ports of the service to the others: sales go to orders over REST, numbers come from inventory over Kafka. */
@Global()
@Module({
  providers: [
    {
      provide: SALES_INTAKE,
      inject: [CONFIG],
      useFactory: ({ hashKey }: Config) => new OrdersClient({ ordersUrl: ordersUrl(), hashKey }),
    },
    {
      provide: AVAILABILITY_FEED,
      inject: [MESSAGING],
      useFactory: (messaging: ServiceMessaging) => messaging.availabilityFeed(),
    },
  ],
  exports: [SALES_INTAKE, AVAILABILITY_FEED],
})
class PortsModule {}

await runService({
  publishes: channelsPublishes,
  settings: [channelsSettings, ordersClientSettings, connectorSettings],
  modules: [PortsModule, ChannelsModule],
});
