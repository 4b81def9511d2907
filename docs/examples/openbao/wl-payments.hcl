# Policy "wl-payments": what a host that has attested for the workload "payments" may read.

path "kv/data/payments" {
  capabilities = ["read"]
}
path "kv/data/payments/*" {
  capabilities = ["read"]
}
# The same on a KV version 1 mount; its paths have no "data/".
path "kv1/payments" {
  capabilities = ["read"]
}
path "kv1/payments/*" {
  capabilities = ["read"]
}

# A session that ends gives its token back. The role adds no default policy, so this must be said.
path "auth/token/revoke-self" {
  capabilities = ["update"]
}
