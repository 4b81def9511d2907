// SPDX-License-Identifier: Apache-2.0
#include "daemons/secretd/neighbours.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/limits.h"

namespace ct::secretd {
namespace {

const bus::Destination kIdentity{"io.cloudtaser.Identity1", "/io/cloudtaser/Identity1",
                                 "io.cloudtaser.Identity1.Manager"};
const bus::Destination kBridge{"io.cloudtaser.Bridge1", "/io/cloudtaser/Bridge1", "io.cloudtaser.Bridge1.Manager"};
const bus::Destination kAttest{"io.cloudtaser.Attest1", "/io/cloudtaser/Attest1", "io.cloudtaser.Attest1.Manager"};
constexpr std::size_t kKinds = 8;

// Builds and sends a call; `on_reply` comes once, also when the call could not even be built.
template <class Build>
void call(bus::Connection& bus, const bus::Destination& to, const char* member, Build build,
          std::function<void(Result<bus::Message>)> on_reply) {
    auto message = bus.new_call(to, member);
    Status status = message ? build(*message) : std::unexpected(message.error());
    if (status) status = bus.call_detached(*message, on_reply);
    if (!status) on_reply(std::unexpected(std::move(status).error()));
}

Status no_options(bus::Message& message) { return bus::append_options(message, {}); }

Result<Witness::Person> read_person(bus::Message& reply) {
    Witness::Person person;
    CT_TRY(const auto pid, reply.read<std::uint32_t>());
    CT_TRY(const auto uid, reply.read<std::uint32_t>());
    CT_TRY(const auto gid, reply.read<std::uint32_t>());
    static_cast<void>(gid);
    CT_TRY(person.identity.unit, reply.read<std::string>());
    CT_CHECK(reply.skip("s"));  // the executable's path: for people
    CT_TRY(const auto digest, reply.read<Bytes>());
    person.pid = static_cast<int>(pid);
    person.identity.uid = uid;
    if (digest.size() == sizeof(Sha256)) {
        Sha256 fixed;
        std::ranges::copy(digest, fixed.begin());
        person.identity.executable = fixed;
    } else if (!digest.empty()) {
        return fail(Reason::malformed, "identd answered with a digest of the wrong size");
    }
    return person;
}

// The evidence lies in a sealed memfd: its size and content can no longer change under us.
Result<Bytes> read_sealed(const Fd& fd, std::uint64_t size) {
    if (size > limits::kEvidence) return fail(Reason::evidence_too_large, "attestd's evidence is over its limit");
    const int seals = ::fcntl(fd.get(), F_GET_SEALS);
    if (seals < 0 || (seals & (F_SEAL_SHRINK | F_SEAL_WRITE)) != (F_SEAL_SHRINK | F_SEAL_WRITE))
        return fail(Reason::evidence_device_failed, "attestd's evidence is not sealed");
    Bytes evidence(size);
    std::size_t have = 0;
    while (have < size) {
        const ssize_t got = ::pread(fd.get(), evidence.data() + have, size - have, static_cast<off_t>(have));
        if (got <= 0) return fail(Reason::evidence_device_failed, "attestd's evidence is shorter than it says");
        have += static_cast<std::size_t>(got);
    }
    return evidence;
}

Result<Bytes> read_evidence(bus::Message& reply) {
    CT_TRY(const Fd fd, reply.read<Fd>());
    CT_TRY(const auto size, reply.read<std::uint64_t>());
    return read_sealed(fd, size);
}

// A neighbour that can't be started is named by what it does for us.
Error named(Error error, Reason absent) {
    if (error.reason == Reason::daemon_unavailable) error.reason = absent;
    return error;
}

// Waits for one answer a kind, in the order asked; the first failure is the answer. Where some of the kinds will do, one whose device
// is not up to it is left out: whether it was needed the gate says.
class Gather {
public:
    enum class Need : std::uint8_t { all, some };
    Gather(std::vector<std::string> kinds, Need need, Reply<std::vector<attest::KindBlob>> done)
        : need_(need), done_(std::move(done)), left_(kinds.size()) {
        for (auto& kind : kinds)
            blobs_.push_back({std::move(kind), {}});
    }
    void arrived(std::size_t index, Result<Bytes> body) {
        if (!done_) return;
        if (!body) {
            const Reason reason = body.error().reason;
            const bool device = reason == Reason::evidence_device_absent || reason == Reason::evidence_device_failed;
            if (need_ == Need::all || !device) return finish(std::unexpected(std::move(body).error()));
            if (!failure_) failure_ = std::move(body).error();
            blobs_[index].kind.clear();
        } else {
            blobs_[index].body = std::move(*body);
        }
        if (--left_ > 0) return;
        std::erase_if(blobs_, [](const attest::KindBlob& blob) { return blob.kind.empty(); });
        if (blobs_.empty() && failure_) return finish(std::unexpected(std::move(*failure_)));
        finish(std::move(blobs_));
    }

private:
    void finish(Result<std::vector<attest::KindBlob>> answer) { std::exchange(done_, nullptr)(std::move(answer)); }

    std::vector<attest::KindBlob> blobs_;
    Need need_;
    std::optional<Error> failure_;
    Reply<std::vector<attest::KindBlob>> done_;
    std::size_t left_;
};

Result<std::vector<std::string>> read_kinds(bus::Message& reply) {
    CT_TRY(const bool is_list, reply.enter('v', "as"));
    if (!is_list) return fail(Reason::attester_unavailable, "attestd's Kinds is no list of words");
    CT_TRY(auto kinds, reply.read<std::vector<std::string>>());
    if (kinds.size() > kKinds) return fail(Reason::too_large, "attestd names too many kinds of evidence");
    return kinds;
}

}  // namespace

void BusWitness::describe(const Fd& pidfd, Reply<Person> reply) {
    call(
        bus_, kIdentity, "Describe", [&](bus::Message& message) { return message.append(pidfd); },
        [reply = std::move(reply)](Result<bus::Message> answer) {
            if (!answer) return reply(std::unexpected(named(std::move(answer).error(), Reason::identity_unreadable)));
            reply(read_person(*answer));
        });
}

void BusStreams::open(std::string_view upstream, Reply<Fd> reply) {
    call(
        bus_, kBridge, "OpenStream",
        [&](bus::Message& message) -> Status {
            CT_CHECK(message.append(upstream));
            return no_options(message);
        },
        [reply = std::move(reply)](Result<bus::Message> answer) {
            if (!answer) return reply(std::unexpected(std::move(answer).error()));
            reply(answer->read<Fd>());
        });
}

void BusAttester::introduce_kind(const std::string& kind, Reply<attest::KindBlob> reply) {
    call(
        bus_, kAttest, "Introduce", [&](bus::Message& message) { return message.append(kind); },
        [kind, reply = std::move(reply)](Result<bus::Message> answer) {
            if (!answer) return reply(std::unexpected(named(std::move(answer).error(), Reason::attester_unavailable)));
            auto body = answer->read<Bytes>();
            if (!body) return reply(std::unexpected(std::move(body).error()));
            reply(attest::KindBlob{kind, std::move(*body)});
        });
}

void BusAttester::introduce(Reply<std::vector<attest::KindBlob>> reply) {
    bus::Destination properties = kAttest;
    properties.interface = "org.freedesktop.DBus.Properties";
    call(
        bus_, properties, "Get",
        [&](bus::Message& message) { return message.append_all(kAttest.interface, std::string("Kinds")); },
        [this, reply = std::move(reply)](Result<bus::Message> answer) {
            if (!answer) return reply(std::unexpected(named(std::move(answer).error(), Reason::attester_unavailable)));
            auto kinds = read_kinds(*answer);
            if (!kinds) return reply(std::unexpected(std::move(kinds).error()));
            if (kinds->empty()) return reply(std::vector<attest::KindBlob>{});
            auto gather = std::make_shared<Gather>(*kinds, Gather::Need::some, reply);
            for (std::size_t i = 0; i < kinds->size(); ++i)
                introduce_kind((*kinds)[i], [gather, i](Result<attest::KindBlob> blob) {
                    if (blob)
                        gather->arrived(i, std::move(blob->body));
                    else
                        gather->arrived(i, std::unexpected(std::move(blob).error()));
                });
        });
}

void BusAttester::collect(const attest::Challenge& challenge, const Sha512& binding, Reply<attest::Proof> reply) {
    std::vector<std::string> kinds;
    for (const auto& request : challenge.requests)
        kinds.push_back(request.kind);
    auto gather = std::make_shared<Gather>(std::move(kinds), Gather::Need::all,
                                           [reply = std::move(reply)](Result<std::vector<attest::KindBlob>> blobs) {
                                               if (!blobs) return reply(std::unexpected(std::move(blobs).error()));
                                               reply(attest::Proof{std::move(*blobs)});
                                           });
    for (std::size_t i = 0; i < challenge.requests.size(); ++i) {
        const auto& request = challenge.requests[i];
        call(
            bus_, kAttest, "GetEvidence",
            [&](bus::Message& message) -> Status {
                CT_CHECK(message.append_all(request.kind, ByteView(binding), ByteView(request.body)));
                return no_options(message);
            },
            [gather, i](Result<bus::Message> answer) {
                if (!answer)
                    return gather->arrived(
                        i, std::unexpected(named(std::move(answer).error(), Reason::attester_unavailable)));
                gather->arrived(i, read_evidence(*answer));
            });
    }
}

void AbsentEnforcer::protect(const Fd& /*pidfd*/, Reply<bool> reply) { reply(false); }

}  // namespace ct::secretd
