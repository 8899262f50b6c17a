using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "smoke", worker = .smoke),
    (name = "internet", network = (allow = ["local"]))
  ]
);

const smoke :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "worker.js")],
  # The first date from which a worker may make a stream of its own, and so stream an upload.
  compatibilityDate = "2022-11-30",
  bindings = [
    (name = "CXONE_CLIENT_ID", fromEnvironment = "CXONE_CLIENT_ID"),
    (name = "CXONE_CLIENT_SECRET", fromEnvironment = "CXONE_CLIENT_SECRET"),
    (name = "CXONE_ACCESS_KEY_ID", fromEnvironment = "CXONE_ACCESS_KEY_ID"),
    (name = "CXONE_ACCESS_KEY_SECRET", fromEnvironment = "CXONE_ACCESS_KEY_SECRET"),
    (name = "CXONE_ISSUER", fromEnvironment = "CXONE_ISSUER")
  ]
);
