"use strict";
// What the page does beside being read. Without it, everything is still there but the pictures that need Bokeh.
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // ---- pictures: drawn when they come into view, a few also while nothing else is to do ----
  const block = document.getElementById("pictures");
  const { kinds, plots } = block ? JSON.parse(block.textContent) : { kinds: {}, plots: {} };
  const models = new Map();

  async function draw(holder) {
    if (models.has(holder.id)) return;
    models.set(holder.id, null);
    const plot = plots[holder.id];
    const [view] = [...(await Bokeh.embed.embed_item(kinds[plot.kind], holder.id))];
    const model = view.model;
    models.set(holder.id, model);
    for (const layer of model.renderers) {
      if (plot.sources[layer.name]) layer.data_source.data = plot.sources[layer.name];
    }
    [[model.x_range, plot.x], [model.y_range, plot.y]].forEach(([range, [start, end]]) => range.setv({ start, end }));
    model.height = plot.height;
    model.below[0].axis_label = plot.unit;
    if (plot.y_unit) model.left[0].axis_label = plot.y_unit;
    if (plot.ticks.length) model.below[0].ticker.ticks = plot.ticks;
    if (plot.kind === "timeline") prepareTimeline(holder, model, plot);
    // The canvas takes the focus and has nothing to say: what it shows is in the table beside it.
    view.canvas_view.events_el.removeAttribute("tabindex");
    holder.dataset.drawn = "";
  }

  function prepareTimeline(holder, model, plot) {
    const lanes = plot.y[0] - 0.5;
    const step = Math.ceil((lanes * 16) / plot.height);
    model.left[0].ticker.ticks = Array.from({ length: lanes }, (_, at) => at + 1).filter((at) => at % step === 0 || at === 1);
    model.x_range.bounds = plot.x;
    if (matchMedia("(pointer: coarse)").matches) {
      for (const tool of model.toolbar.tools) tool.active = false; // a finger scrolls the page
    }
    const tools = document.querySelector(`[data-zooms="${holder.id}"]`);
    tools.hidden = false;
    const told = tools.querySelector("output");
    const tell = () => {
      const { start, end } = model.x_range;
      told.value = `${start.toPrecision(3)} to ${end.toPrecision(3)} ${plot.unit}`;
    };
    model.x_range.change.connect(tell);
    tell();
    tools.addEventListener("click", ({ target }) => zoom(model.x_range, plot.x, target.dataset));
  }

  function zoom(range, [first, last], { factor, shift, whole }) {
    const width = whole === undefined ? Math.min((range.end - range.start) * (factor ?? 1), last - first) : last - first;
    const middle = (range.start + range.end) / 2 + (range.end - range.start) * (shift ?? 0);
    const start = Math.max(first, Math.min(middle - width / 2, last - width));
    range.setv({ start, end: start + width });
  }

  const holders = all(".plot").filter((holder) => plots[holder.id]);
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) draw(entry.target);
  }, { rootMargin: "300px" });
  holders.forEach((holder) => seen.observe(holder));
  (async () => {
    if (holders.length > 12) return; // of many results, only what is looked at
    for (const holder of holders.filter((one) => one.checkVisibility?.() ?? true)) {
      await new Promise((done) => (window.requestIdleCallback ?? setTimeout)(done));
      await draw(holder);
    }
  })();
  // Bokeh reads its colours from the page's style when it paints.
  for (const query of ["(prefers-color-scheme: dark)", "print"]) {
    matchMedia(query).addEventListener("change", () => {
      for (const model of models.values()) model?.outline_line_color === null && model.change.emit();
    });
  }

  // ---- code ----
  for (const button of all("button.copy")) {
    button.hidden = !navigator.clipboard && !document.queryCommandSupported?.("copy");
    button.addEventListener("click", async () => {
      const code = document.getElementById(button.dataset.copies);
      getSelection().selectAllChildren(code);
      try {
        await navigator.clipboard.writeText(code.textContent);
      } catch {
        document.execCommand("copy"); // pages from a folder may not use the clipboard otherwise
      }
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 2000);
    });
  }

  // ---- the summary: sorted by a column, only the rows that are asked for ----
  const summary = document.getElementById("summary");
  if (summary) {
    const body = summary.tBodies[0];
    const key = (row, at) => row.cells[at].dataset.key ?? row.cells[at].textContent.trim();
    // What is unknown comes last in either direction.
    const compare = (a, b, sign) => {
      const [left, right] = [a, b].map((text) => (text === "unknown" ? NaN : Number(text)));
      if (Number.isNaN(left) !== Number.isNaN(right)) return Number.isNaN(left) ? 1 : -1;
      return sign * (Number.isNaN(left) ? a.localeCompare(b) : left - right);
    };
    all("thead th", summary).forEach((header, at) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      header.append(button);
      const [first, second] = body.querySelector(`[data-key]:nth-child(${at + 1})`) ? ["descending", "ascending"] : ["ascending", "descending"];
      button.addEventListener("click", () => {
        const order = header.getAttribute("aria-sort") === first ? second : first;
        all("thead th", summary).forEach((other) => other.removeAttribute("aria-sort"));
        header.setAttribute("aria-sort", order);
        const sign = order === "ascending" ? 1 : -1;
        body.append(...[...body.rows].sort((a, b) => compare(key(a, at), key(b, at), sign)));
      });
    });
    const filter = document.getElementById("filter");
    const told = filter.parentElement.querySelector("output");
    filter.parentElement.hidden = false;
    const words = [...body.rows].map((row) => [row, row.textContent.toLowerCase()]);
    filter.addEventListener("input", () => {
      const wanted = filter.value.toLowerCase().split(/\s+/);
      for (const [row, text] of words) row.hidden = !wanted.every((word) => text.includes(word));
      told.value = `${words.filter(([row]) => !row.hidden).length} of ${words.length}`;
    });
  }

  // ---- flame graphs: a click or Enter zooms into a frame, the arrow keys go to its neighbours ----
  for (const flame of all(".flame")) {
    const frames = all("button", flame).map((button) => ({
      button, left: Number(button.dataset.left), width: Number(button.dataset.width), depth: Number(button.dataset.depth),
    }));
    const right = (frame) => frame.left + frame.width;
    const show = (from, width) => {
      for (const frame of frames) {
        const [start, end] = [Math.max(frame.left, from), Math.min(right(frame), from + width)];
        frame.button.hidden = end - start < width * 1e-4;
        frame.button.style.left = `${(100 * (start - from)) / width}%`;
        frame.button.style.width = `${(100 * (end - start)) / width}%`;
      }
    };
    const steps = {
      ArrowDown: (at) => frames.find((one) => one.depth === at.depth + 1 && one.left >= at.left - 1e-5 && one.left < right(at)),
      ArrowUp: (at) => frames.find((one) => one.depth === at.depth - 1 && one.left <= at.left + 1e-5 && right(one) > at.left),
      ArrowRight: (at) => frames.filter((one) => one.depth === at.depth && one.left > at.left).sort((a, b) => a.left - b.left)[0],
      ArrowLeft: (at) => frames.filter((one) => one.depth === at.depth && one.left < at.left).sort((a, b) => b.left - a.left)[0],
    };
    const current = () => frames.find(({ button }) => button === document.activeElement);
    flame.addEventListener("click", ({ target }) => {
      const chosen = frames.find(({ button }) => button === target);
      if (chosen) show(chosen.left, chosen.width);
    });
    flame.addEventListener("keydown", (event) => {
      const at = current();
      if (event.key === "Escape") show(0, 1);
      const next = at && steps[event.key]?.(at);
      if (!next) return;
      event.preventDefault();
      at.button.tabIndex = -1;
      next.button.tabIndex = 0;
      next.button.hidden = false;
      next.button.focus();
    });
  }
})();
