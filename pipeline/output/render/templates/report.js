"use strict";
// The page says everything without this script; the script adds pointing, keys and switches.
for (const picture of document.querySelectorAll(".picture")) {
  const stacks = picture.querySelector(".stacks");
  const panel = picture.querySelector(".panel");
  const hint = panel.innerHTML;
  const blocks = [...stacks.querySelectorAll(".block")];
  const store = new Map(
    [...picture.querySelectorAll(".store > div")].map((one) => [one.dataset.details, one]),
  );
  let kept = null;
  panel.dataset.shown = "";

  const visible = () => blocks.filter((one) => one.offsetParent !== null);
  const columns = () =>
    [...stacks.querySelectorAll(".stack")].map((stack) =>
      visible().filter((one) => stack.contains(one)),
    );

  function show(block) {
    for (const one of blocks) one.classList.toggle("same", block !== null && one.dataset.key === block.dataset.key);
    // Written only when it changes: a link in it must survive the click that takes the focus away.
    const shown = block ? block.dataset.details : "";
    if (panel.dataset.shown === shown) return;
    panel.dataset.shown = shown;
    panel.innerHTML = block ? store.get(block.dataset.details).innerHTML : hint;
    panel.scrollTop = 0;
    // On a phone it is low and scrolls, which a keyboard must be able to do too.
    panel.tabIndex = panel.scrollHeight > panel.clientHeight ? 0 : -1;
  }

  function keep(block) {
    kept = block;
    for (const one of blocks) one.setAttribute("aria-pressed", String(one === block));
    show(block);
  }

  function reach(block) {
    for (const one of blocks) one.tabIndex = -1;
    if (block) block.tabIndex = 0;
  }

  function move(from, key) {
    const all = columns().filter((column) => column.length);
    const x = all.findIndex((column) => column.includes(from));
    const y = all[x].indexOf(from);
    const to = {
      ArrowUp: [x, y + 1],
      ArrowDown: [x, y - 1],
      ArrowLeft: [x - 1, y],
      ArrowRight: [x + 1, y],
      Home: [0, 0],
      End: [all.length - 1, all[all.length - 1].length - 1],
    }[key];
    if (!to || !all[to[0]]) return;
    const column = all[to[0]];
    const next = column[Math.min(Math.max(to[1], 0), column.length - 1)];
    reach(next);
    next.focus();
  }

  for (const block of blocks) {
    block.addEventListener("mouseenter", () => show(block));
    block.addEventListener("mouseleave", () => show(kept));
    block.addEventListener("focus", () => { reach(block); show(block); });
    block.addEventListener("blur", () => show(kept));
    block.addEventListener("click", () => keep(kept === block ? null : block));
    block.addEventListener("keydown", (event) => {
      if (event.key === "Escape") keep(null);
      else if (/^(Arrow|Home|End)/.test(event.key)) { event.preventDefault(); move(block, event.key); }
    });
  }

  picture.querySelector(".controls").hidden = false;
  for (const radio of picture.querySelectorAll("input[type=radio]")) {
    radio.addEventListener("change", () => {
      stacks.classList.toggle("log", radio.value === "log");
      stacks.classList.toggle("linear", radio.value === "linear");
    });
  }
  picture.querySelector("input[name=fold]")?.addEventListener("change", (event) => {
    stacks.classList.toggle("fold", event.target.checked);
    keep(null);
    reach(visible()[0]);
  });
  reach(visible()[0]);
}

// A link to a folded-in tree opens it.
function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  if (target instanceof HTMLDetailsElement) target.open = true;
  target.scrollIntoView();
  target.querySelector("summary")?.focus();
}
addEventListener("hashchange", openTarget);
openTarget();

// Paper cannot be pointed at: what the panel tells is printed as the table.
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll(".legend:not([open])")];
  for (const one of opened) one.open = true;
});
addEventListener("afterprint", () => { for (const one of opened) one.open = false; });
