# Policy "gate": what the token of cloudtaser-gate may do. It mints tokens through one role per workload, always wrapped,
# and reads no secret. One "create" block per workload; the names of roles are case-sensitive.

path "auth/token/create/wl-payments" {
  capabilities = ["update"]
  # An answer that is not wrapped, or wrapped for longer, is refused by OpenBao itself.
  min_wrapping_ttl = "1s"
  max_wrapping_ttl = "90s"
  # Nothing else may be asked for: the role decides on policies, uses and type.
  allowed_parameters = {
    "ttl"          = []
    "display_name" = []
    "meta"         = []
  }
}

# Ends what it has released, when a node is revoked or denied, or the policy epoch rises. This right reaches every token whose
# accessor the gate knows, and it knows those that it made.
path "auth/token/revoke-accessor" {
  capabilities = ["update"]
}

# Its own token.
path "auth/token/lookup-self" {
  capabilities = ["read"]
}
path "auth/token/renew-self" {
  capabilities = ["update"]
}
