import type { DataKeys } from '../domain/data-keys.js';
import type { Parts } from '../domain/unit-of-work.js';
import { sharedReadsOf } from '../entities/statements.js';
import type { KeptCompanies } from '../resolvers/kept-companies.js';
import type { AddressLimits } from './address-limits.js';
import type { CertificateWatch } from './certificate-watch.js';
import type { EventStreams } from './event-stream.js';
import type { Metric } from './metrics.js';
import type { Engine } from './operations.js';
import type { SocketHub } from './websocket.js';

/** What the operator can read of a running server. */
export const metricsOf = (
  fanOut: Engine,
  addresses: AddressLimits,
  sockets: SocketHub,
  streams: EventStreams,
  { answers }: KeptCompanies,
  { counts: keys }: DataKeys,
  watch: CertificateWatch | null,
  { together, orm }: Parts,
): Metric[] => [
  { name: 'aliteo_answers_kept_total', help: 'Queries answered from what was kept.', read: () => answers.given },
  { name: 'aliteo_sockets', help: 'WebSockets that are open.', read: () => sockets.size },
  { name: 'aliteo_event_streams', help: 'Event streams that are open.', read: () => streams.size },
  { name: 'aliteo_connections_refused_total', help: 'Refused for their address.', read: () => addresses.refused },
  { name: 'aliteo_slow_readers_total', help: 'Sockets closed for being slow.', read: () => sockets.slowReaders },
  {
    name: 'aliteo_fanout_executions_total',
    help: 'Payloads of subscriptions that were executed.',
    read: () => fanOut.counts.executions,
  },
  {
    name: 'aliteo_fanout_deliveries_total',
    help: 'Payloads of subscriptions that were handed to subscribers.',
    read: () => fanOut.counts.deliveries,
  },
  { name: 'aliteo_keys_wrapped_total', help: 'Data keys that the vault has wrapped.', read: () => keys.wrapped },
  { name: 'aliteo_keys_unwrapped_total', help: 'Data keys that the vault has unwrapped.', read: () => keys.unwrapped },
  { name: 'aliteo_key_faults_total', help: 'What the vault of the keys has not done.', read: () => keys.failed },
  ...(watch
    ? [{ name: 'aliteo_certificate_end_seconds', help: 'When the certificate ends.', read: () => watch.endsAt }]
    : []),
  {
    name: 'aliteo_shared_commands_total',
    help: 'Commands that may share a transaction.',
    read: () => together.commands,
  },
  {
    name: 'aliteo_shared_transactions_total',
    help: 'Transactions that they were begun in.',
    read: () => together.transactions,
  },
  { name: 'aliteo_shared_reads_total', help: 'Reads that may be shared.', read: () => sharedReadsOf(orm.em).asked },
  {
    name: 'aliteo_shared_reads_sent_total',
    help: 'Statements that they were sent in.',
    read: () => sharedReadsOf(orm.em).sent,
  },
  { name: 'aliteo_resident_bytes', help: 'Resident memory.', read: () => process.memoryUsage.rss() },
];
