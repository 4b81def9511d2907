// SPDX-License-Identifier: Apache-2.0
#include "gate_rig.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/fd.h"
#include "codec/hex.h"

namespace ct::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr const char* kName = "io.cloudtaser.Gate1";
constexpr const char* kPath = "/io/cloudtaser/Gate1";

WallTime now() { return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now()); }
std::string in_quotes(const std::string& text) { return "\"" + text + "\""; }

std::optional<std::string> missing() {
    if (auto why = Bao::missing()) return why;
    for (const char* program : {"/usr/bin/swtpm", "/usr/bin/dbus-daemon"})
        if (::access(program, X_OK) != 0) return std::string(program);
    return std::nullopt;
}

}  // namespace

bool lies_in_ordinary_memory(int pid, std::string_view text) {
    constexpr std::uint64_t kShadow = 1ULL << 36;  // the sanitizers reserve more than this at a time; no copies there
    constexpr std::size_t kPiece = 1 << 20;
    const auto folder = "/proc/" + std::to_string(pid);
    std::ifstream maps(folder + "/maps");
    const Fd memory(::open((folder + "/mem").c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_TRUE(maps && memory) << "root only";
    for (std::string line; std::getline(maps, line);) {
        std::uint64_t from = 0, to = 0;
        char readable = '-';
        if (std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64 " %c", &from, &to, &readable) != 3 || readable != 'r')
            continue;
        if (to - from > kShadow) continue;
        std::string piece;
        for (auto at = from; at < to; at += kPiece) {
            const auto keep = std::min(piece.size(), text.size());
            piece.erase(0, piece.size() - keep);
            piece.resize(keep + std::min<std::uint64_t>(kPiece, to - at));
            const auto got = ::pread(memory.get(), piece.data() + keep, piece.size() - keep, static_cast<off_t>(at));
            piece.resize(keep + (got > 0 ? static_cast<std::size_t>(got) : 0));
            if (piece.find(text) != std::string::npos) return true;
        }
    }
    return false;
}

std::unique_ptr<Bao> GateRig::bao_;
std::unique_ptr<Machine> GateRig::machine_;

Result<std::unique_ptr<Machine>> Machine::make() {
    // tpm2-tss speaks of every handle that is not there; a test's output is for its failures.
    ::setenv("TSS2_LOG", "all+none", 0);
    auto out = std::make_unique<Machine>();
    CT_TRY(out->tpm, Swtpm::start());
    for (const unsigned pcr : {0U, 4U, 7U}) {
        CT_CHECK(out->tpm->measure(pcr, "boot component of pcr " + std::to_string(pcr)));
        CT_TRY(const auto value, out->tpm->pcr_value(pcr));
        out->pcrs[pcr] = hex_encode(value);
    }
    out->settings.tcti = out->tpm->tcti();
    out->settings.event_log = out->tpm->write_event_log();
    out->collector = attest::make_tpm2_collector(out->settings);
    CT_TRY(const auto keys, out->collector->fingerprints());
    out->ak = keys.at("ak");
    out->collector->release();
    return out;
}

std::unique_ptr<attest::Collector> Machine::with_event_log(const std::string& file) const {
    auto other = settings;
    other.event_log = file;
    return attest::make_tpm2_collector(other);
}

crypto::MadeIdentity GateRig::make_identity(const char* name, std::chrono::hours until) {
    return std::move(*crypto::make_identity(name, now() - 48h, now() + until));
}

void GateRig::SetUpTestSuite() {
    if (missing()) return;
    auto bao = Bao::start();
    auto machine = Machine::make();
    if (bao) bao_ = std::move(*bao);
    if (machine) machine_ = std::move(*machine);
    ASSERT_TRUE(bao_) << bao.error().to_string();
    ASSERT_TRUE(machine_) << machine.error().to_string();
    bao_->put_kv("payments", R"({"password":"correct horse"})");
}

void GateRig::TearDownTestSuite() {
    machine_.reset();
    bao_.reset();
}

void GateRig::SetUp() {
    if (const auto why = missing()) GTEST_SKIP() << *why;
    ASSERT_TRUE(bao_ && machine_);
    vault_address_ = bao_->host_port();
    vault_ca_ = bao_->ca_file();
    vault_token_ = bao_->gate_token();
    for (const char* name : {"policy.d", "nodes.d"})
        fs::create_directory(folder_.file(name));
    folder_.write("gate.crt", gate_.certificate_pem);
    folder_.write("gate.key", gate_.key_pem.text());
    write_nodes({{"node.test", node_.spki}});
}

void GateRig::write_config(const std::string& more) {
    folder_.write("token", vault_token_ + "\n");
    folder_.write(
        "gate.toml",
        "listen = [\"127.0.0.1:" + std::to_string(port_) + "\"]\ncertificate = " + in_quotes(folder_.file("gate.crt")) +
            "\nkey = " + in_quotes(folder_.file("gate.key")) + "\npolicy = " + in_quotes(folder_.file("policy.d")) +
            "\nnodes = " + in_quotes(folder_.file("nodes.d")) + "\nstate = " + in_quotes(folder_.path()) +
            "\n[openbao]\naddress = " + in_quotes(vault_address_) + "\nca = " + in_quotes(vault_ca_) +
            "\ntoken = " + in_quotes(folder_.file("token")) +
            "\ntimeout = \"2s\"\n[audit]\nfile = " + in_quotes(folder_.file("audit.jsonl")) +
            "\n[records]\nfolder = " + in_quotes(folder_.file("records")) + "\n" + more);
}

void GateRig::write_nodes(const std::vector<std::pair<std::string, Sha256>>& nodes, const std::string& more) {
    std::string text;
    for (const auto& [name, key] : nodes)
        text += "[[node]]\nname = " + in_quotes(name) + "\nspki = " + in_quotes(hex_encode(key)) + "\n" + more;
    folder_.write("nodes.d/nodes.toml", text);
}

void GateRig::write_policy(const PolicyOptions& policy) {
    std::string pcrs;
    for (const auto& [pcr, value] : machine_->pcrs) {
        const auto other = policy.pcrs.find(pcr);
        pcrs += (pcrs.empty() ? "" : ", ") + in_quotes(std::to_string(pcr)) + " = " +
                in_quotes(other == policy.pcrs.end() ? value : other->second);
    }
    folder_.write("policy.d/payments.toml",
                  "epoch = " + std::to_string(policy.epoch) +
                      "\n[workload.payments]\nevidence = [\"tpm2\"]\ntoken_role = \"wl-payments\"\n" + policy.workload +
                      "\n[workload.payments.tpm2]\npcrs = { " + pcrs + " }\nak = [" + in_quotes(machine_->ak) +
                      "]\nrequire_event_log = true\n" + policy.tpm2);
}

void GateRig::start(const PolicyOptions& policy, const std::string& more) {
    write_policy(policy);
    write_config(more);
    auto private_bus =
        PrivateBus::start({.services = {{kName, {built("cloudtaser-gate"), "--config", folder_.file("gate.toml")}}}});
    ASSERT_TRUE(private_bus) << private_bus.error().to_string();
    bus_.emplace(std::move(*private_bus));
    bus_->adopt();
    auto client = bus::Connection::open_system("test");
    ASSERT_TRUE(client) << client.error().to_string();
    client_.emplace(std::move(*client));
    // The first call starts it; when the answer is there, it listens.
    const auto version = property("io.cloudtaser.Daemon1", "Version");
    ASSERT_TRUE(version) << version.error().to_string() << "\n" << bus_->log();
}

Status GateRig::reload() {
    CT_TRY(const auto call, client_->new_call({kName, kPath, "io.cloudtaser.Daemon1"}, "Reload"));
    CT_TRY(const auto reply, client_->call(call));
    return {};
}

Result<bus::Message> GateRig::property(const char* interface, const char* name) {
    CT_TRY(auto call, client_->new_call({kName, kPath, "org.freedesktop.DBus.Properties"}, "Get"));
    CT_CHECK(call.append_all(interface, name));
    return client_->call(call);
}

std::uint64_t GateRig::counter(const std::string& name) {
    const auto read = [&]() -> Result<std::uint64_t> {
        CT_TRY(auto reply, property("io.cloudtaser.Daemon1", "Counters"));
        CT_TRY(const bool variant, reply.enter('v', "a{st}"));
        CT_TRY(const bool array, reply.enter('a', "{st}"));
        if (!variant || !array) return fail(Reason::malformed);
        for (;;) {
            CT_TRY(const bool entry, reply.enter('e', "st"));
            if (!entry) return std::uint64_t{0};
            CT_TRY(const auto key, reply.read<std::string>());
            CT_TRY(const auto value, reply.read<std::uint64_t>());
            CT_CHECK(reply.exit());
            if (key == name) return value;
        }
    };
    const auto value = read();
    EXPECT_TRUE(value) << value.error().to_string();
    return value.value_or(0);
}

std::string GateRig::ask(const Tampering& tampering, const std::string& workload) {
    return ask_as(node_, *machine_->collector, tampering, workload);
}

std::string GateRig::ask_as(const crypto::MadeIdentity& identity, attest::Collector& collector,
                            const Tampering& tampering, const std::string& workload) {
    auto client = GateClient::connect(port_, identity, {gate_.spki});
    if (!client) return "connect: " + client.error().to_string();
    auto answer = ask_gate(*client, collector, workload, who_, tampering);
    collector.release();
    if (!answer) return "error: " + answer.error().to_string();
    last_ = std::move(*answer);
    return last_.reason();
}

std::string GateRig::audit() const { return read_file(folder_.file("audit.jsonl"), 64 << 20).value_or(""); }

std::vector<judge::Record> GateRig::records() const {
    std::vector<std::pair<std::string, judge::Record>> found;
    for (const char* which : {"released", "refused"}) {
        std::error_code none;
        for (const auto& file : fs::directory_iterator(folder_.file(std::string("records/") + which), none)) {
            const auto bytes = read_file(file.path(), judge::kRecordSize);
            EXPECT_TRUE(bytes);
            auto record = judge::decode_record(as_bytes(*bytes));
            EXPECT_TRUE(record) << record.error().to_string();
            if (!record) continue;
            EXPECT_EQ(record->outcome.released, std::string_view(which) == "released");
            EXPECT_EQ(file.path().filename(), record->id + ".cbor");
            found.emplace_back(record->id, std::move(*record));
        }
    }
    std::ranges::sort(found, {}, [](const auto& one) { return one.first; });
    std::vector<judge::Record> out;
    for (auto& [id, record] : found)
        out.push_back(std::move(record));
    return out;
}

void GateRig::expect_on_record(const std::string& reason) {
    const auto all = records();
    ASSERT_FALSE(all.empty()) << bus_->log();
    const auto& record = all.back();
    EXPECT_EQ(record.outcome.released ? "released" : std::string(to_string(record.outcome.reason)), reason);
    const auto again = judge::replay(record);
    ASSERT_TRUE(again) << again.error().to_string();
    EXPECT_TRUE(again->equal) << "the record must replay to the same bytes";
    // The audit stream names the record and the same reason, in one line.
    const auto text = audit();
    const auto at = text.find(record.id);
    ASSERT_NE(at, std::string::npos) << text;
    const auto from = text.rfind('\n', at) + 1;
    const auto line = text.substr(from, text.find('\n', at) - from);
    if (reason != "released") {
        EXPECT_NE(line.find("\"" + reason + "\""), std::string::npos) << line;
    }
    EXPECT_NE(line.find("verdict"), std::string::npos) << line;
}

}  // namespace ct::test
