// SPDX-License-Identifier: Apache-2.0
#include "support/authority.h"

namespace ct::test {
namespace {

Status sh(const std::string& directory, const std::string& script) {
    Launch launch{.argv = {"sh", "-ec", script}};
    launch.directory = directory;
    const Ran made = run(launch);
    if (made.code != 0) return fail(Reason::internal, "the openssl program: " + made.output);
    return {};
}

}  // namespace

Result<Authority> Authority::create() {
    Authority authority;
    CT_CHECK(sh(authority.path(), R"(
openssl ecparam -name prime256v1 -genkey -noout -out ca.key
openssl req -x509 -new -key ca.key -days 2 -subj "/CN=test authority" -out ca.pem \
  -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
openssl ecparam -name prime256v1 -genkey -noout -out server.key
openssl rand -out seal.key 32
: >index.txt
cat >ca.cnf <<'END'
[ca]
default_ca = it
[it]
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
END
)"));
    CT_TRY(const Identity server, authority.issue("server", "DNS:localhost,IP:127.0.0.1", "-days 2"));
    static_cast<void>(server);
    return authority;
}

Result<Authority::Identity> Authority::issue(const std::string& name, const std::string& names,
                                             const std::string& dates) const {
    CT_CHECK(sh(path(), "openssl req -new -key server.key -subj /CN=" + name + " -out " + name + ".csr\n" +
                            "printf 'subjectAltName=" + names + "\\nextendedKeyUsage=serverAuth\\n' >" + name +
                            ".ext\n" + "openssl ca -batch -notext -config ca.cnf -cert ca.pem -keyfile ca.key -in " +
                            name + ".csr -out " + name + ".pem -extfile " + name + ".ext " + dates));
    return Identity{file(name + ".pem"), file("server.key")};
}

Result<Authority::Identity> Authority::expired() const {
    return issue("expired", "DNS:localhost,IP:127.0.0.1", "-startdate 20200101000000Z -enddate 20200201000000Z");
}

Result<Authority::Identity> Authority::other_host() const { return issue("other", "DNS:example.invalid", "-days 2"); }

}  // namespace ct::test
