document.getElementById("app").textContent="Redial";
