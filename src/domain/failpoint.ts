/**
 * For tests of what a crash leaves behind: at the Nth commit with events the process is gone, as the system would kill
 * it, before anybody has been told of them. `FAILPOINT=after-commit:N` asks for it; in production that is a fault.
 */
export function crashAtCommit(n: number): () => void {
  let commits = 0;
  return () => {
    commits += 1;
    if (commits === n) process.kill(process.pid, 'SIGKILL');
  };
}
