/** The client with subscriptions that go on from where they stand when it reconnects. */
export function resumable<Client extends object>(client: Client): Client;
