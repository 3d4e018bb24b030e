import { BusbarError } from '@busbar/core';
import { alteredSessions } from './altered-persistence.ts';
import type { PersistenceChange, Session } from './altered-persistence.ts';
import type { PersistenceFault } from './persistence-fault.ts';

const lookedUp = 'when-a-message-is-looked-up';
const attempts = 'when-two-attempts-commit';
const together = 'when-sagas-and-messages-commit-together';

const nothing = { operations: [], sagas: [] };

/** A pool of eight connections; `lost` are never given back. */
function pool(lost: (error: unknown) => boolean, waits: boolean): () => PersistenceChange {
  return () => {
    let free = 8;
    const waiting: (() => void)[] = [];
    const take = async (): Promise<void> => {
      if (free === 0 && !waits) throw new Error('no free connection');
      if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
      else free -= 1;
    };
    const give = (): void => {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    };
    const pooled = alteredSessions((session) => ({
      commit: async (changes) => {
        try {
          const result = await session.commit(changes);
          give();
          return result;
        } catch (error) {
          if (!lost(error)) give();
          throw error;
        }
      },
      rollback: async () => {
        give();
        await session.rollback();
      },
    }));
    return (inner) => {
      const { open, begin } = pooled(inner);
      return {
        open: async (incoming) => {
          await take();
          const opened = await (open ?? inner.open)(incoming);
          if (opened.state !== 'new') give();
          return opened;
        },
        begin: async () => {
          await take();
          return (begin ?? inner.begin)();
        },
      };
    };
  };
}

async function keepValues(from: Session, to: Session): Promise<void> {
  for (const key of from.storage.keys()) to.storage.set(key, from.storage.get(key));
  await to.commit(nothing);
}

export const sessionFaults: readonly PersistenceFault[] = [
  {
    what: 'forgets that a message was handled',
    change: () => (inner) => ({ open: (incoming) => inner.open({ ...incoming, outbox: false }) }),
    noticedBy: [
      `${lookedUp}/should be stored, with its operations, after a commit`,
      `${attempts}/should let only the first do so`,
      'when-handled-messages-grow-old/should remember them for the time that was set',
      'when-many-sessions-are-open/should mark, claim and forget beside them',
    ],
  },
  {
    what: 'remembers messages though there is no outbox',
    change: () => (inner) => ({ open: (incoming) => inner.open({ ...incoming, outbox: true }) }),
    noticedBy: [`${lookedUp}/should not be looked up, and no record be kept, without an outbox`],
  },
  {
    what: 'forgets a message with the mark',
    change: () => (inner) => ({
      open: async (incoming) => {
        const opened = await inner.open(incoming);
        return opened.state === 'dispatched' ? inner.open({ ...incoming, outbox: false }) : opened;
      },
    }),
    noticedBy: [
      `${lookedUp}/should be dispatched when it was handled and sent nothing`,
      'when-operations-were-dispatched/should say so of their message, soon',
    ],
  },
  {
    what: 'takes all endpoints for one',
    change: () => () => ({}),
    host: (host) => ({ ...host, endpoint: 'all' }),
    noticedBy: [
      `${lookedUp}/should be new to another endpoint, which keeps a record of its own`,
      'when-records-are-claimed/should give none of another endpoint',
      'when-a-lane-is-claimed/should give none of another endpoint',
      'when-joining-a-transaction/should give them to the endpoint that joined alone',
      'when-handled-messages-grow-old/should leave other endpoints alone',
      'when-asked-for-the-backlog/should count the endpoint alone',
    ],
  },
  {
    what: 'cuts long ids off',
    change: () => (inner) => ({
      open: (incoming) => inner.open({ ...incoming, messageId: incoming.messageId.slice(0, 100) }),
    }),
    noticedBy: [`${lookedUp}/should be told from others by an id of 200 characters`],
  },
  {
    what: 'compares ids without regard to case',
    change: () => (inner) => ({
      open: (incoming) => inner.open({ ...incoming, messageId: incoming.messageId.toLowerCase() }),
    }),
    noticedBy: [`${lookedUp}/should be told from others by an id with quotes`],
  },
  {
    what: 'trims ids',
    change: () => (inner) => ({
      open: (incoming) => inner.open({ ...incoming, messageId: incoming.messageId.trim() }),
    }),
    noticedBy: [`${lookedUp}/should be told from others by an id with spaces at its ends`],
  },
  {
    what: 'says no code when it refuses',
    change: () =>
      alteredSessions((session) => ({
        commit: (changes) =>
          session.commit(changes).catch((error: unknown) => {
            throw new Error('duplicate key', { cause: error });
          }),
      })),
    noticedBy: [
      `${attempts}/should let only the first do so, over two connections`,
      `${attempts}/should let exactly one do so when they commit at the same time`,
      'when-sagas-share-a-correlation/should be refused within one type',
      'when-sagas-share-a-correlation/should give one instance of many that start it together',
      'when-a-saga-was-changed-meanwhile/should refuse an update of another version',
    ],
  },
  {
    what: 'lets a second attempt overwrite the first',
    change: () =>
      alteredSessions((session, inner) => ({
        commit: async (changes) => {
          try {
            return await session.commit(changes);
          } catch (error) {
            if (!(error instanceof BusbarError) || error.code !== 'OUTBOX_CONFLICT') throw error;
            return (await inner.begin()).commit(changes);
          }
        },
      })),
    noticedBy: [
      `${attempts}/should let only the first do so`,
      `${attempts}/should refuse the second though the first has sent nothing`,
      `${attempts}/should refuse the second though the first was dispatched meanwhile`,
      'when-operations-were-dispatched/should forget nothing else: the message is not handled again',
    ],
  },
  {
    what: 'keeps the operations of a commit that it refuses',
    change: () =>
      alteredSessions((session, inner) => ({
        commit: async (changes) => {
          try {
            return await session.commit(changes);
          } catch (error) {
            await (await inner.begin()).commit({ ...changes, sagas: [] });
            throw error;
          }
        },
      })),
    noticedBy: [
      `${attempts}/should let only the first do so`,
      `${together}/should keep none of it when one of the sagas is refused`,
      `${together}/should keep none of it when the message was handled already`,
    ],
  },
  {
    what: 'keeps the values of a commit that it refuses',
    change: () =>
      alteredSessions((session, inner) => ({
        commit: async (changes) => {
          try {
            return await session.commit(changes);
          } catch (error) {
            await keepValues(session, await inner.begin());
            throw error;
          }
        },
      })),
    noticedBy: [
      `${attempts}/should let only the first do so`,
      `${together}/should keep none of it when one of the sagas is refused`,
      'when-a-saga-was-changed-meanwhile/should refuse a removal of another version',
      'when-sagas-share-a-correlation/should be refused within one type',
    ],
  },
  {
    what: 'commits where it should roll back',
    change: () =>
      alteredSessions((session) => ({
        rollback: async () => {
          await session.commit(nothing);
        },
      })),
    noticedBy: [
      'when-a-session-ends/should keep nothing, with a rollback',
      'when-a-session-ends/should leave the value of before, with a rollback',
      'when-a-session-ends/should do the same for a session that no message caused',
      `${lookedUp}/should be new again after a session that was rolled back`,
      `${together}/should keep none of it with a rollback`,
    ],
  },
  {
    what: 'writes before the commit',
    change: () =>
      alteredSessions((session, inner) => ({
        storage: Object.assign(Object.create(session.storage as object), {
          set: async (key: string, value: unknown) => {
            const direct = await inner.begin();
            direct.storage.set(key, value);
            await direct.commit(nothing);
          },
        }) as Session['storage'],
      })),
    noticedBy: [
      'when-a-session-ends/should show nothing to others before',
      'when-a-session-ends/should keep the sessions of several messages apart',
    ],
  },
  {
    what: 'drops what was written',
    change: () =>
      alteredSessions((session) => ({
        commit: (changes) => {
          for (const key of session.storage.keys()) session.storage.delete(key);
          return session.commit(changes);
        },
      })),
    noticedBy: [
      'when-a-session-ends/should keep what was written, with a commit',
      'when-a-session-ends/should keep the last of several values of one key',
      'when-many-sessions-are-open/should bring all of them to their end, however many connections there are',
    ],
  },
  {
    what: 'keeps no record of a session that no message caused',
    change: () => (inner) => ({
      begin: async () => {
        const session = await inner.begin();
        return {
          storage: session.storage,
          findSaga: (query) => session.findSaga(query),
          commit: (changes) => session.commit({ ...changes, operations: [] }),
          rollback: () => session.rollback(),
        };
      },
    }),
    noticedBy: [
      'when-beginning-without-a-message/should keep the operations in a record of its own',
      'when-beginning-without-a-message/should give each commit another record',
      'when-beginning-without-a-message/should put operations with a partition key into their lane',
    ],
  },
  {
    what: 'keeps a connection for each commit that it refuses',
    change: pool(() => true, true),
    noticedBy: [`${attempts}/should give back what a refused commit held`],
  },
  {
    what: 'fails when its pool is smaller than the number of sessions',
    change: pool(() => false, false),
    noticedBy: [
      'when-many-sessions-are-open/should bring all of them to their end, however many connections there are',
    ],
  },
  {
    what: 'cannot be closed twice',
    change: () => () => {
      let closed = false;
      return {
        close: async () => {
          if (closed) throw new Error('closed already');
          closed = true;
        },
      };
    },
    noticedBy: ['when-closing/should be done when it is called again, also at the same time'],
  },
  {
    what: 'closes what others use, too',
    change: () => {
      let closed = false;
      const shared = alteredSessions((session) => ({
        commit: async (changes) => {
          if (closed) throw new Error('the pool is closed');
          return session.commit(changes);
        },
      }));
      return (inner) => ({
        ...shared(inner),
        close: async () => {
          closed = true;
        },
      });
    },
    noticedBy: ['when-closing/should leave other connections open'],
  },
];
