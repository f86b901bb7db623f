// Puts the services of a list on a map. Without it the list says everything.
"use strict";

(() => {
  const place = document.getElementById("map");
  const services = [...document.querySelectorAll("[data-latitude]")];
  if (!place || !services.length || typeof L === "undefined") return;

  place.hidden = false;
  const map = L.map(place, { scrollWheelZoom: false, zoomControl: false });
  const { zoomIn, zoomOut } = place.dataset;
  L.control.zoom({ zoomInTitle: zoomIn, zoomOutTitle: zoomOut }).addTo(map);
  map.attributionControl.setPrefix(false);
  if (place.dataset.tiles) {
    L.tileLayer(place.dataset.tiles, { attribution: place.dataset.attribution, maxZoom: 18 }).addTo(map);
  }
  const points = services.map((each) => {
    const { latitude, longitude, number } = each.dataset;
    const point = [Number(latitude), Number(longitude)];
    const words = document.createElement("span");
    words.textContent = number;
    L.circleMarker(point, { radius: 9, color: "#005eb8", fillOpacity: 0.8 })
      .bindTooltip(words, { permanent: true, direction: "top" })
      .addTo(map);
    return point;
  });
  map.fitBounds(points, { padding: [40, 40], maxZoom: 15 });
})();
