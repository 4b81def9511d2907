# For a new OpenBao server (2.4 or later): start it with `bao server -config=... -config=setup.hcl` and it applies this
# when it initialises itself. For a server that runs already, use setup.sh: it does the same.
#
# The policies are read from the files beside this one; put them into /etc/openbao/cloudtaser.

initialize "cloudtaser" {
  request "secrets" {
    operation = "update"
    path      = "sys/mounts/kv"
    data = {
      type    = "kv"
      options = { version = "2" }
    }
  }
  request "policy-gate" {
    operation = "update"
    path      = "sys/policies/acl/gate"
    data = {
      policy = {
        eval_type   = "string"
        eval_source = "file"
        path        = "/etc/openbao/cloudtaser/gate.hcl"
      }
    }
  }
  request "policy-wl-payments" {
    operation = "update"
    path      = "sys/policies/acl/wl-payments"
    data = {
      policy = {
        eval_type   = "string"
        eval_source = "file"
        path        = "/etc/openbao/cloudtaser/wl-payments.hcl"
      }
    }
  }
  # The same as role-wl-payments.json. allowed_policies must be set: a role without it hands out the gate's own policies.
  request "role-wl-payments" {
    operation = "update"
    path      = "auth/token/roles/wl-payments"
    data = {
      allowed_policies        = ["wl-payments"]
      orphan                  = true
      token_no_default_policy = true
      renewable               = false
      token_explicit_max_ttl  = "15m"
      token_type              = "service"
    }
  }
}
