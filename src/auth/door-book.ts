import type { Viewer } from './viewer.js';

/** Where a request comes from. */
export interface Origin {
  readonly address: string;
  readonly userAgent: string | null;
}

/** Is told who comes in at a company's door, and who does not. Makes nobody wait, and never throws. */
export interface DoorBook {
  /** Often: with every request. `credential` is a fingerprint of what was shown. */
  entered(viewer: Viewer, credential: string, origin: Origin): void;
  /** Somebody showed something that opens nothing there; whether there is such a company is not known. */
  turnedAway(
    companyId: string,
    entryPoint: Viewer['kind'],
    reason: string,
    origin: Origin,
    /** Whose credential it was, where it once was good. */
    actorId?: string,
  ): void;
}
