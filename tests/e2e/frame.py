"""What the reading room is made of beside the AI's panel, for comparing arms (R9)."""

# Where the room's parts stand, what it is made of beside the AI's panel, which files it loaded.
FRAME = """() => {
  const of = (each) => { const { x, y, width, height } = each.getBoundingClientRect();
    return [each.className, x, y, width, height]; };
  const all = (what) => [...document.querySelectorAll(what)];
  const files = performance.getEntriesByType('resource').map((each) => new URL(each.name).pathname);
  return {
    places: all('.bar, .panes, .pane, .picture, .panel, .foot').map(of),
    parts: all('.case [data-testid]').filter((each) => !each.closest('[data-testid=proposals]'))
      .map((each) => `${each.tagName} ${each.dataset.testid}`),
    files: [...new Set(files.filter((each) => /[.](js|css|wasm)$/.test(each)))].sort(),
  };
}"""
