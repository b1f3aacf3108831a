/** How the page behind a follow link looks, by day and by night. */
export const STYLE = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; --quiet: color-mix(in srgb, currentColor 65%, transparent); --line: color-mix(in srgb, currentColor 15%, transparent) }
  body { max-width: 42rem; margin: 4rem auto; padding: 0 1rem }
  [hidden] { display: none !important }
  header { display: flex; gap: .75rem; align-items: center; color: var(--quiet) }
  h1 { margin: .25rem 0 1rem; line-height: 1.2; overflow-wrap: anywhere }
  dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); gap: 1rem; margin: 0 0 2rem }
  dt { font-size: .8rem; color: var(--quiet) }
  dd { margin: 0; font-weight: 600 }
  progress { width: 100%; height: .6rem }
  ol { list-style: none; padding: 0 }
  li { border-top: 1px solid var(--line); padding: .75rem 0; white-space: pre-wrap; overflow-wrap: anywhere }
  li p { margin: 0; font-size: .8rem; color: var(--quiet) }
  li strong { color: CanvasText; font-weight: 600 }
  form { display: grid; gap: .75rem; border-top: 1px solid var(--line); padding: 1.25rem 0 }
  label { display: grid; gap: .25rem; font-size: .8rem; color: var(--quiet) }
  input, textarea { font: 1rem/1.5 system-ui, sans-serif; color: CanvasText; background: Canvas; padding: .5rem .65rem; border: 1px solid color-mix(in srgb, currentColor 35%, transparent); border-radius: .4rem }
  textarea { min-height: 6rem; resize: vertical }
  button { font: inherit; font-weight: 600; justify-self: start; padding: .5rem 1.1rem; border: 0; border-radius: .4rem; background: #1d4ed8; color: #fff; cursor: pointer }
  button:disabled { opacity: .6; cursor: default }
  [role=alert] { margin: 0; min-height: 1.5em; color: light-dark(#b91c1c, #fca5a5) }
  #door, #invited { max-width: 24rem; border-top: 0 }
  #live::before { content: '●'; margin-right: .35rem; color: #b45309 }
  #live[data-on]::before { color: #15803d }
`;
