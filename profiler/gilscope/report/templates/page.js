"use strict";
// What a page does beside being read. Without it, everything is still there to be seen.
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // ---- timelines: drag, Ctrl and the wheel, or the buttons; what is under the pointer is told ----
  const SVG = "http://www.w3.org/2000/svg";
  const element = (name, attributes, text = "") => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.textContent = text;
    return made;
  };
  const digits = (value) => (value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(3));
  const told = (seconds) => {
    const [scale, unit] = [[1, "s"], [1e3, "ms"], [1e6, "µs"]].find(([factor]) => seconds * factor >= 1) ?? [1e6, "µs"];
    return `${digits(seconds * scale)} ${unit}`;
  };
  const niceTicks = (low, high) => {
    const rough = (high - low) / 8;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
    const [first, last] = [Math.ceil(low / step - 1e-6), Math.floor(high / step + 1e-6)];
    return Array.from({ length: last - first + 1 }, (_, at) => +((first + at) * step).toPrecision(12));
  };

  // The paths are the data: within a lane, each stretch begins so far behind the last one's end, and is so long.
  const stretches = (lanes) => all("path", lanes).flatMap((path) => {
    let [x, lane] = [0, 0];
    return [...path.getAttribute("d").matchAll(/(?:M(\d+) (\d+)\.5|m(\d+) 0)h(\d+)/g)].map(([, start, row, gap, length]) => {
      if (start !== undefined) [x, lane] = [+start, +row];
      else x += +gap;
      const from = x;
      x += +length;
      return { lane, from, to: x, title: path.dataset.title };
    });
  });

  for (const figure of all(".timeline")) {
    const [plot, lanes, tools, ticks] = [".plot", ".lanes", ".tools", ".ticks"].map((selector) => figure.querySelector(selector));
    const layers = all(".layer", figure).map((layer) => ({
      layer, rows: layer.viewBox.baseVal.height, names: JSON.parse(layer.dataset.names ?? "[]"),
      top: layer.y.baseVal.value, height: layer.height.baseVal.value,
    }));
    const [scale, unit] = [+lanes.dataset.scale, lanes.dataset.unit];
    const wall = lanes.viewBox.baseVal.width;
    let view = { start: 0, width: wall };
    const show = (start, width) => {
      const kept = Math.min(Math.max(width, 10), wall);
      view = { start: Math.max(0, Math.min(start, wall - kept)), width: kept };
      for (const { layer, rows } of layers) layer.setAttribute("viewBox", `${view.start} 0 ${view.width} ${rows}`);
      const [low, high] = [view.start / scale, (view.start + view.width) / scale];
      const place = (value) => `${(100 * (value - low)) / (high - low)}%`;
      const height = +ticks.dataset.height;
      ticks.replaceChildren(...niceTicks(low, high).flatMap((value) => [
        element("line", { class: "grid", x1: place(value), x2: place(value), y2: height }),
        element("text", { x: place(value), y: height + 18, "text-anchor": "middle" }, value),
      ]));
      tools.querySelector("output").value = `${low.toPrecision(3)} to ${high.toPrecision(3)} ${unit}`;
    };
    tools.hidden = false;
    show(0, wall);
    tools.addEventListener("click", ({ target }) => {
      const { factor, shift, whole } = target.dataset;
      if (whole !== undefined) show(0, wall);
      else if (shift) show(view.start + shift * view.width, view.width);
      else if (factor) show(view.start + (view.width * (1 - factor)) / 2, view.width * factor);
    });

    const share = (event) => (event.clientX - plot.getBoundingClientRect().left) / plot.getBoundingClientRect().width;
    plot.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return; // the page scrolls
      event.preventDefault();
      const width = Math.min(wall, view.width * 1.2 ** Math.sign(event.deltaY));
      show(view.start + share(event) * (view.width - width), width);
    }, { passive: false });
    let held;
    plot.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "touch") return; // a finger scrolls the page
      held = { share: share(event), start: view.start };
      plot.setPointerCapture(event.pointerId);
    });
    for (const end of ["pointerup", "pointercancel"]) plot.addEventListener(end, () => (held = undefined));

    const under = (y, at) => {
      for (const one of layers) {
        const down = y - plot.getBoundingClientRect().top - one.top;
        if (!one.names.length || down < 0 || down >= one.height) continue;
        const lane = Math.floor((down / one.height) * one.rows);
        one.known ??= stretches(one.layer);
        const found = one.known.find((each) => each.lane === lane && each.from <= at && at < each.to);
        return found && { name: one.names[lane], ...found };
      }
      return undefined;
    };
    const tip = document.createElement("div");
    tip.className = "tip";
    tip.hidden = true;
    figure.append(tip);
    plot.addEventListener("pointermove", (event) => {
      if (held) show(held.start - (share(event) - held.share) * view.width, view.width);
      const at = view.start + share(event) * view.width;
      const found = held ? undefined : under(event.clientY, at);
      tip.hidden = !found;
      if (!found) return;
      tip.textContent = `${found.name}: ${found.title}, ${told(((found.to - found.from) / scale) * (unit === "ms" ? 1e-3 : 1))}`;
      const box = figure.getBoundingClientRect();
      tip.style.left = `${Math.min(event.clientX - box.left + 12, box.width - tip.offsetWidth)}px`;
      tip.style.top = `${event.clientY - box.top + 14}px`;
    });
    plot.addEventListener("pointerleave", () => (tip.hidden = true));
  }

  // ---- code ----
  for (const button of all("button.copy")) {
    button.hidden = !navigator.clipboard && !document.queryCommandSupported?.("copy");
    button.addEventListener("click", async () => {
      const code = button.previousElementSibling;
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

  // ---- tables: sorted by a column; of long ones only the rows that are asked for ----
  const UNITS = {
    ns: 1e-9, µs: 1e-6, ms: 1e-3, min: 60, h: 3600, days: 86400, M: 1e6, G: 1e9, T: 1e12,
    KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40, PiB: 2 ** 50,
  };
  // The first figure that a cell tells, in one unit for all cells; of a range its low end. NaN where it tells none.
  const FIGURE = /([<>]?)([−-]?)(\d[\d,]*(?:\.\d+)?)(?:(?:–| to [+−]?)[\d,.]+)? ?([a-zµ]*)/i;
  const figure = (text) => {
    if (text === "none") return 0;
    const [, bound, minus, digits, unit] = text.match(FIGURE) ?? [];
    if (digits === undefined) return NaN;
    const sign = minus || text.endsWith(" faster") ? -1 : 1;
    return sign * Number(digits.replaceAll(",", "")) * (UNITS[unit] ?? 1) * ({ "<": 0.99, ">": 1.01 }[bound] ?? 1);
  };
  // What tells nothing comes last in either direction.
  const figures = (a, b, sign) => {
    if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
    return sign * (a - b);
  };
  const words = new Intl.Collator("en", { numeric: true });
  for (const table of all("table.sortable")) {
    const body = table.tBodies[0];
    all("thead th", table).forEach((header, at) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      header.append(button);
      const numeric = header.classList.contains("number");
      const [first, second] = numeric ? ["descending", "ascending"] : ["ascending", "descending"];
      button.addEventListener("click", () => {
        const order = header.getAttribute("aria-sort") === first ? second : first;
        all("thead th", table).forEach((other) => other.removeAttribute("aria-sort"));
        header.setAttribute("aria-sort", order);
        const sign = order === "ascending" ? 1 : -1;
        const texts = [...body.rows].map((row) => [row, row.cells[at].textContent.trim()]);
        const rows = numeric
          ? texts.map(([row, text]) => [row, figure(text)]).sort(([, a], [, b]) => figures(a, b, sign))
          : texts.sort(([, a], [, b]) => sign * words.compare(a, b));
        body.append(...rows.map(([row]) => row));
      });
    });
  }
  for (const filter of all("input[type=search]")) {
    const tools = filter.closest(".tools");
    const body = tools.nextElementSibling.querySelector("tbody");
    const count = tools.querySelector("output");
    tools.hidden = false;
    const texts = [...body.rows].map((row) => [row, row.textContent.toLowerCase()]);
    filter.addEventListener("input", () => {
      const wanted = filter.value.toLowerCase().split(/\s+/);
      for (const [row, text] of texts) row.hidden = !wanted.every((word) => text.includes(word));
      count.value = `${texts.filter(([row]) => !row.hidden).length} of ${texts.length}`;
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
