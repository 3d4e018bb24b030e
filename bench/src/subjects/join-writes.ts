import type { Duplex } from 'node:stream';
import type { ChannelModel } from 'amqplib';

/** Has all that is written in one turn leave in one system call; the transport does the same. */
export function joinWrites(connection: ChannelModel): void {
  const socket = (connection.connection as unknown as { readonly stream: Duplex }).stream;
  const write = socket.write.bind(socket);
  let corked = false;
  const uncork = (): void => {
    corked = false;
    socket.uncork();
  };
  socket.write = ((...parameters: Parameters<typeof write>) => {
    if (!corked) {
      corked = true;
      socket.cork();
      process.nextTick(uncork);
    }
    return write(...parameters);
  }) as typeof socket.write;
}
