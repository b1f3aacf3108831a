// The publisher's own sockets, by which it knows what the server has delivered.
import WebSocket from 'ws';

/**
 * Opens the sockets and resolves when all their subscriptions stand. `onChange` is called for every payload that
 * tells a change. A server that greets says READY first, for each subscription.
 */
export function openTap({ query, sockets, greets }, onChange) {
  return Promise.all(sockets.map((socket) => openSocket(socket, query, greets, onChange)));
}

function openSocket({ port, init, variables }, query, greets, onChange) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws', { perMessageDeflate: false });
  let toGreet = variables.length;
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', (code, reason) => reject(new Error(`The tap was closed: ${code} ${reason}`)));
    socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload: init })));
    socket.on('message', (data) => {
      const text = data.toString();
      if (text.includes('"type":"connection_ack"')) {
        for (const [i, each] of variables.entries()) {
          const payload = { query, variables: each };
          socket.send(JSON.stringify({ id: String(i + 1), type: 'subscribe', payload }));
        }
        // Without a greeting nothing says that a subscription stands.
        if (!greets) setTimeout(resolve, 500);
      } else if (text.includes('"kind":"READY"')) {
        toGreet -= 1;
        if (toGreet === 0) resolve();
      } else if (text.includes('"type":"ping"')) {
        socket.send('{"type":"pong"}');
      } else if (text.includes('"type":"error"')) {
        reject(new Error(text));
      } else if (text.includes('"type":"next"') && !/"kind":"(HEARTBEAT|RESYNC)"/.test(text)) {
        onChange();
      }
    });
  });
}
