// SPDX-License-Identifier: Apache-2.0
// The ports of secretd over the system bus: identd, bridge and attestd, each activated by the first call.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bus/connection.h"
#include "daemons/secretd/ports.h"

namespace ct::secretd {

class BusWitness final : public Witness {
public:
    explicit BusWitness(bus::Connection& bus) : bus_(bus) {}
    void describe(const Fd& pidfd, Reply<Person> reply) override;

private:
    bus::Connection& bus_;
};

class BusStreams final : public Streams {
public:
    explicit BusStreams(bus::Connection& bus) : bus_(bus) {}
    void open(std::string_view upstream, Reply<Fd> reply) override;

private:
    bus::Connection& bus_;
};

class BusAttester final : public Attester {
public:
    explicit BusAttester(bus::Connection& bus) : bus_(bus) {}
    void introduce(Reply<std::vector<attest::KindBlob>> reply) override;
    void collect(const attest::Challenge& challenge, const Sha512& binding, Reply<attest::Proof> reply) override;

private:
    void introduce_kind(const std::string& kind, Reply<attest::KindBlob> reply);
    bus::Connection& bus_;
};

// Enforcement is a package of its own; without it no process is armed and policy decides whether that suffices.
class AbsentEnforcer final : public Enforcer {
public:
    void protect(const Fd& pidfd, Reply<bool> reply) override;
};

}  // namespace ct::secretd
