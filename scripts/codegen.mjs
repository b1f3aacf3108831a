// npm run codegen: the typed documents of tests and examples. `npm test` and `npm run check` make them by themselves.
import { prepareDocuments, preparePackages } from './prepare.mjs';

preparePackages('.');
prepareDocuments();
