// npm run bench: this server and its peers, side by side, on one machine with two cores; docs/performance.md tells more.
//   npm run bench                                 every workload: it takes a while
//   npm run bench -- fanout                       one of them
//   npm run bench -- fanout --cells latency       some cells of it
//   npm run bench -- --servers aliteo,a           some servers
//   npm run bench -- --rounds 1 --seconds 5 --sockets 100   to see that all of it works
//   npm run bench -- --profile                    leaves a profile of each server in bench/results/
import { prepare, preparePackages } from './prepare.mjs';
import { runNode } from './run-node.mjs';

prepare();
preparePackages('bench');
runNode('bench/bench.mjs', process.argv.slice(2));
