/* A page brought back by the back button must not show what was read before. */
window.addEventListener("pageshow", function (event) {
  if (event.persisted) {
    document.documentElement.hidden = true;
    window.location.reload();
  }
});
