// What a page can do beyond being read. Nothing depends on it: without it every word is there.
(() => {
  "use strict";
  const all = (chosen, within = document) => [...within.querySelectorAll(chosen)];
  const made = (name, attributes = {}, ...parts) => {
    const element = Object.assign(document.createElement(name), attributes);
    element.append(...parts);
    return element;
  };

  // Folds open for what is looked for within them, and for print.
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let fold = target?.closest("details:not([open])"); fold; fold = fold.parentElement.closest("details:not([open])"))
      fold.open = true;
    target?.scrollIntoView?.();
  };
  addEventListener("hashchange", reveal);
  let closed = [];
  addEventListener("beforeprint", () => { closed = all("details:not([open])"); closed.forEach((fold) => { fold.open = true; }); });
  addEventListener("afterprint", () => closed.forEach((fold) => { fold.open = false; }));

  // The drawer: Escape closes it; the section on the screen is marked.
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    all(".mk-tip").forEach((tip) => { tip.hidden = true; });
    all(".mk-lit").forEach((shape) => shape.classList.remove("mk-lit"));
    if (location.hash === "#mk-contents") { location.hash = "#mk-bar"; document.querySelector("#mk-bar a")?.focus(); }
  });
  const links = new Map(all(".mk-nav ol a").map((link) => [document.getElementById(decodeURIComponent(link.hash.slice(1))), link]));
  const heads = [...links.keys()].filter(Boolean);
  const mark = () => {
    const now = heads.findLast((head) => head.getBoundingClientRect().top < innerHeight / 3);
    links.forEach((link, head) => (head === now ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current")));
  };
  let waiting = false;
  addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; mark(); });
  }, { passive: true });
  mark();

  // Tables sort by a column, within their groups, and show the rows that hold what is typed.
  const value = (row, column) => {
    const cell = row.cells[column];
    const number = cell.querySelector("data");
    if (number) return Number(number.value);
    return cell.querySelector(".mk-na") ? null : cell.innerText.trim();
  };
  const compared = (one, other, sign) => {
    if (one === null || other === null) return (one === null) - (other === null);
    if (typeof one === "number" && typeof other === "number") return sign * (one - other);
    return sign * String(one).localeCompare(String(other), document.documentElement.lang, { numeric: true });
  };
  const LEAST = 5;
  for (const table of all(".gt_table")) {
    const body = table.tBodies[0];
    const heading = (row) => row.matches(".gt_group_heading_row");
    const given = [...body.rows];
    if (given.filter((row) => !heading(row)).length < LEAST) continue;
    const heads = [...table.tHead.rows[0].cells];
    const names = heads.map((head) => head.textContent.trim());
    const said = made("span");
    said.setAttribute("role", "status");
    const choice = made("select", {}, made("option", { value: "" }, "as listed"),
      ...names.flatMap((name, i) => [made("option", { value: `${i} 1` }, `${name}, ascending`), made("option", { value: `${i} -1` }, `${name}, descending`)]));

    const sort = (column, sign) => {
      heads.forEach((head, i) => head.setAttribute("aria-sort", i !== column ? "none" : sign > 0 ? "ascending" : "descending"));
      const groups = [[]];
      for (const row of given) {
        if (heading(row)) groups.push([]);
        groups.at(-1).push(row);
      }
      body.append(...groups.flatMap((rows) => {
        const fixed = rows.filter(heading);
        const moved = rows.filter((row) => !heading(row)).map((row) => [value(row, column), row]);
        return [...fixed, ...moved.sort((a, b) => compared(a[0], b[0], sign)).map(([, row]) => row)];
      }));
      choice.value = `${column} ${sign}`;
      said.textContent = `Sorted by ${names[column]}, ${sign > 0 ? "ascending" : "descending"}`;
    };
    heads.forEach((head, i) => {
      const button = made("button", { type: "button", className: "mk-sort" }, ...head.childNodes);
      button.addEventListener("click", () => sort(i, head.getAttribute("aria-sort") === "ascending" ? -1 : 1));
      head.append(button);
      head.setAttribute("aria-sort", "none");
    });
    choice.addEventListener("change", () => {
      if (choice.value) return sort(...choice.value.split(" ").map(Number));
      body.append(...given);
      heads.forEach((head) => head.setAttribute("aria-sort", "none"));
      said.textContent = "";
    });
    const typed = made("input", { type: "search" });
    typed.addEventListener("input", () => {
      const sought = typed.value.trim().toLowerCase();
      let shown = 0;
      for (const row of given.filter((row) => !heading(row))) {
        row.hidden = !row.textContent.toLowerCase().includes(sought);
        shown += !row.hidden;
      }
      said.textContent = sought ? `${shown} of ${given.filter((row) => !heading(row)).length} rows` : "";
    });
    const tools = made("div", { className: "mk-tools" }, made("label", {}, "Filter", typed),
      made("label", { className: "mk-by" }, "Sort by", choice), said);
    table.closest(".mk-scroll").before(tools);
  }

  // Marks of a chart tell their values: under the pointer, and to the arrow keys.
  for (const picture of all(".mk-picture")) {
    const marks = all("title", picture).map((title) => {
      const shape = title.parentElement;
      shape.dataset.says = title.textContent;
      title.remove();
      return shape;
    });
    if (!marks.length) continue;
    const tip = made("div", { className: "mk-tip", hidden: true });
    tip.setAttribute("role", "status");
    picture.after(tip);
    picture.tabIndex = 0;
    const show = (shape) => {
      marks.forEach((each) => each.classList.toggle("mk-lit", each === shape));
      tip.hidden = !shape;
      if (!shape) return;
      tip.textContent = shape.dataset.says;
      const [box, frame] = [shape.getBoundingClientRect(), picture.getBoundingClientRect()];
      const left = Math.min(Math.max(box.left + box.width / 2 - tip.offsetWidth / 2, 0), innerWidth - tip.offsetWidth - 8);
      Object.assign(tip.style, { left: `${left + scrollX}px`, top: `${Math.max(box.top, frame.top) + scrollY - tip.offsetHeight - 6}px` });
    };
    picture.addEventListener("pointerover", (event) => show(event.target.closest("[data-says]")));
    picture.addEventListener("pointerleave", () => show(null));
    picture.addEventListener("blur", () => show(null));
    picture.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const seen = marks.filter((each) => each.checkVisibility());
      const at = seen.findIndex((each) => each.classList.contains("mk-lit"));
      show(seen[(at + step + seen.length) % seen.length]);
    });
  }
  if (location.hash) reveal();
})();
