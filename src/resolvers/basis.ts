/** A company's data whose changes are told by events of all kinds but `task.*`: people, projects, rights, settings. */
export const COMPANY = 'COMPANY';

/** What an answer was made of: the routes whose events change it, and whether that is all that it was made of. */
export class Basis {
  readonly routes = new Set<string>();
  /** Whether something went into the answer of which no log tells when it changes. */
  isOpen = false;

  add(route: string): void {
    this.routes.add(route);
  }
}
