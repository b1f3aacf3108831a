// node scripts/run.mjs dist/src/cli.js …: any built script under the pinned Node.
import { prepare } from './prepare.mjs';
import { runNode } from './run-node.mjs';

const [script, ...args] = process.argv.slice(2);
if (!script) {
  console.error('Which script? For example: node scripts/run.mjs dist/src/cli.js --help');
  process.exit(1);
}
prepare();
runNode(script, args);
