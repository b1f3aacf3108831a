// npm start: a server on this machine, with nothing to set up first.
import { prepare } from './prepare.mjs';
import { runNode } from './run-node.mjs';

prepare();
runNode('dist/src/main.js', process.argv.slice(2));
