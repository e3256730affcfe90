// Zoom: a figure opens over the page; the wheel or two fingers zoom, a drag moves.
const dialog = document.querySelector("dialog");
const picture = dialog.querySelector("img");
const fingers = new Map();
let scale = 1, x = 0, y = 0;

function place() {
  picture.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
}

function zoom(factor, atX, atY) {
  const next = Math.min(40, Math.max(1, scale * factor));
  x = atX - (atX - x) * (next / scale);
  y = atY - (atY - y) * (next / scale);
  scale = next;
  if (scale === 1) { x = 0; y = 0; }
  place();
}

for (const button of document.querySelectorAll(".zoom")) {
  button.addEventListener("click", () => {
    const image = button.querySelector("img");
    picture.src = image.src;
    picture.alt = image.alt;
    scale = 1; x = 0; y = 0;
    place();
    dialog.showModal();
  });
}
dialog.addEventListener("wheel", (event) => {
  event.preventDefault();
  zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, event.clientX - dialog.offsetLeft, event.clientY - dialog.offsetTop);
}, { passive: false });
for (const button of dialog.querySelectorAll("button[value]")) {
  button.addEventListener("click", () => {
    const factor = { in: 1.5, out: 1 / 1.5, all: 0 }[button.value];
    zoom(factor, dialog.clientWidth / 2, dialog.clientHeight / 2);
  });
}
picture.addEventListener("pointerdown", (event) => {
  picture.setPointerCapture(event.pointerId);
  fingers.set(event.pointerId, event);
});
picture.addEventListener("pointermove", (event) => {
  const last = fingers.get(event.pointerId);
  if (!last) return;
  const other = [...fingers.values()].find((finger) => finger.pointerId !== event.pointerId);
  if (other) {
    const gap = (finger) => Math.hypot(finger.clientX - other.clientX, finger.clientY - other.clientY);
    zoom(gap(event) / Math.max(gap(last), 1), other.clientX - dialog.offsetLeft, other.clientY - dialog.offsetTop);
  } else {
    x += event.clientX - last.clientX;
    y += event.clientY - last.clientY;
    place();
  }
  fingers.set(event.pointerId, event);
});
for (const end of ["pointerup", "pointercancel"]) {
  picture.addEventListener(end, (event) => fingers.delete(event.pointerId));
}
picture.addEventListener("dragstart", (event) => event.preventDefault());
addEventListener("beforeprint", () => { for (const d of document.querySelectorAll("details")) d.open = true; });
