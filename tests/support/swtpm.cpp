// SPDX-License-Identifier: Apache-2.0
#include "support/swtpm.h"

#include <tss2/tss2_esys.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>
#include <unistd.h>

#include <algorithm>

#include "crypto/digest.h"

namespace ct::test {
namespace {

constexpr Millis kPatience{20'000};
constexpr std::uint32_t kPostCode = 1;

Status check(TSS2_RC code, std::string_view what) {
    if (code == TSS2_RC_SUCCESS) return {};
    return fail(Reason::io_failed, std::string(what) + ": " + Tss2_RC_Decode(code));
}

// A connection that lasts for one command or two.
class Connection {
public:
    static Result<std::unique_ptr<Connection>> open(const std::string& tcti) {
        std::unique_ptr<Connection> out(new Connection);
        CT_CHECK(check(Tss2_TctiLdr_Initialize(tcti.c_str(), &out->tcti_), "connect"));
        CT_CHECK(check(Esys_Initialize(&out->esys_, out->tcti_, nullptr), "initialize"));
        return out;
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() {
        if (esys_ != nullptr) Esys_Finalize(&esys_);
        if (tcti_ != nullptr) Tss2_TctiLdr_Finalize(&tcti_);
    }
    [[nodiscard]] ESYS_CONTEXT* get() const { return esys_; }

private:
    Connection() = default;
    TSS2_TCTI_CONTEXT* tcti_ = nullptr;
    ESYS_CONTEXT* esys_ = nullptr;
};

}  // namespace

Result<std::unique_ptr<Swtpm>> Swtpm::start() {
    if (::access("/usr/bin/swtpm", X_OK) != 0) return fail(Reason::unsupported, "swtpm");
    std::unique_ptr<Swtpm> out(new Swtpm);
    CT_CHECK(out->launch());
    return out;
}

std::string Swtpm::tcti() const { return "swtpm:path=" + directory_.file("tpm"); }

Status Swtpm::launch() {
    const std::string pid_file = directory_.write("pid", "");
    const std::string socket = directory_.file("tpm");
    ::unlink(socket.c_str());
    ::unlink((socket + ".ctrl").c_str());
    Launch launch;
    launch.argv = {"swtpm",
                   "socket",
                   "--tpm2",
                   "--tpmstate",
                   "dir=" + directory_.path(),
                   "--server",
                   "type=unixio,path=" + socket,
                   "--ctrl",
                   "type=unixio,path=" + socket + ".ctrl",  // where tpm2-tss looks for it
                   "--flags",
                   "not-need-init,startup-clear",
                   "--seccomp",
                   "action=none",  // its filter does not know the calls that containers and sanitizers add
                   "--pid",
                   "file=" + pid_file};
    launch.output = directory_.file("log");
    CT_TRY(child_, Child::start(launch));
    // It writes its number there once its sockets listen.
    if (!wait_for_text(pid_file, std::to_string(child_->pid()), *child_, kPatience)) {
        const auto log = read_file(directory_.file("log"), 1 << 16);
        return fail(Reason::io_failed, "swtpm did not start: " + (log ? *log : std::string()));
    }
    return {};
}

Status Swtpm::extend_unlogged(unsigned pcr, const Sha256& digest) {
    CT_TRY(const auto tpm, Connection::open(tcti()));
    TPML_DIGEST_VALUES values{};
    values.count = 1;
    values.digests[0].hashAlg = TPM2_ALG_SHA256;
    std::ranges::copy(digest, values.digests[0].digest.sha256);
    return check(Esys_PCR_Extend(tpm->get(), pcr, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &values), "PCR_Extend");
}

Status Swtpm::measure(unsigned pcr, std::string_view data) {
    const Sha256 digest = crypto::sha256(as_bytes(data));
    CT_CHECK(extend_unlogged(pcr, digest));
    log_.event(pcr, kPostCode, digest, data);
    return {};
}

Result<Bytes> Swtpm::pcr_value(unsigned pcr) {
    CT_TRY(const auto tpm, Connection::open(tcti()));
    TPML_PCR_SELECTION selection{};
    selection.count = 1;
    selection.pcrSelections[0].hash = TPM2_ALG_SHA256;
    selection.pcrSelections[0].sizeofSelect = 3;
    selection.pcrSelections[0].pcrSelect[pcr / 8] = static_cast<BYTE>(1 << pcr % 8);
    TPML_DIGEST* values = nullptr;
    CT_CHECK(check(
        Esys_PCR_Read(tpm->get(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &selection, nullptr, nullptr, &values),
        "PCR_Read"));
    Bytes out;
    if (values->count == 1) out.assign(values->digests[0].buffer, values->digests[0].buffer + values->digests[0].size);
    Esys_Free(values);
    if (out.empty()) return fail(Reason::io_failed, "PCR_Read: no value");
    return out;
}

std::string Swtpm::write_event_log() { return directory_.write("event-log", as_text(event_log())); }

Status Swtpm::write_nv(std::uint32_t index, ByteView content) {
    constexpr std::size_t chunk = 512;
    CT_TRY(const auto tpm, Connection::open(tcti()));
    const TPM2B_AUTH no_auth{};
    TPM2B_NV_PUBLIC about{};
    about.nvPublic.nvIndex = index;
    about.nvPublic.nameAlg = TPM2_ALG_SHA256;
    about.nvPublic.attributes = TPMA_NV_OWNERWRITE | TPMA_NV_OWNERREAD | TPMA_NV_AUTHREAD | TPMA_NV_NO_DA;
    about.nvPublic.dataSize = static_cast<UINT16>(content.size());
    ESYS_TR handle = ESYS_TR_NONE;
    CT_CHECK(check(Esys_NV_DefineSpace(tpm->get(), ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                       &no_auth, &about, &handle),
                   "NV_DefineSpace"));
    for (std::size_t at = 0; at < content.size(); at += chunk) {
        const ByteView part = content.subspan(at, std::min(chunk, content.size() - at));
        TPM2B_MAX_NV_BUFFER data{};
        data.size = static_cast<UINT16>(part.size());
        std::ranges::copy(part, data.buffer);
        CT_CHECK(check(Esys_NV_Write(tpm->get(), ESYS_TR_RH_OWNER, handle, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                     &data, static_cast<UINT16>(at)),
                       "NV_Write"));
    }
    return {};
}

Status Swtpm::persist(ByteView form, std::uint32_t handle) {
    CT_TRY(const auto tpm, Connection::open(tcti()));
    TPM2B_PUBLIC area{};
    std::size_t used = 0;
    CT_CHECK(check(Tss2_MU_TPMT_PUBLIC_Unmarshal(form.data(), form.size(), &used, &area.publicArea), "template"));
    const TPM2B_SENSITIVE_CREATE no_auth{};
    const TPM2B_DATA no_data{};
    const TPML_PCR_SELECTION no_pcrs{};
    ESYS_TR key = ESYS_TR_NONE, kept = ESYS_TR_NONE;
    CT_CHECK(check(Esys_CreatePrimary(tpm->get(), ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                      &no_auth, &area, &no_data, &no_pcrs, &key, nullptr, nullptr, nullptr, nullptr),
                   "CreatePrimary"));
    CT_CHECK(check(Esys_EvictControl(tpm->get(), ESYS_TR_RH_OWNER, key, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                     handle, &kept),
                   "EvictControl"));
    return check(Esys_FlushContext(tpm->get(), key), "FlushContext");
}

Status Swtpm::reboot(bool power_loss) {
    if (!power_loss) {
        CT_TRY(const auto tpm, Connection::open(tcti()));
        CT_CHECK(check(Esys_Shutdown(tpm->get(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_SU_CLEAR), "Shutdown"));
    }
    child_->signal(9);
    if (!child_->wait(kPatience)) return fail(Reason::timed_out, "swtpm does not end");
    log_ = EventLogBuilder();
    return launch();
}

void Swtpm::stop() {
    child_->signal(9);
    (void)child_->wait(kPatience);
}

}  // namespace ct::test
