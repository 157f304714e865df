// A menu closes by Escape, by a click elsewhere, and when the focus leaves it.

export function closeMenus(): void {
  for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.menu")) {
    const close = () => menu.removeAttribute("open");
    document.addEventListener("click", (event) => {
      if (!menu.contains(event.target as Node)) close();
    });
    menu.addEventListener("focusout", (event) => {
      if (event.relatedTarget && !menu.contains(event.relatedTarget as Node)) close();
    });
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.open) return;
      close();
      menu.querySelector("summary")?.focus();
    });
  }
}
