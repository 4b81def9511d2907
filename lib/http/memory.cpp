// SPDX-License-Identifier: Apache-2.0
#include "http/memory.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include "base/registers.h"
#include "base/secret_arena.h"

namespace {

using ct::SecretArena;

// libcurl 7.88 reads what an HTTP/2 connection brings into one block (H2_BUFSIZE in its lib/http2.c), which lives as long
// as the connection and keeps the last answers until others come.
constexpr std::size_t kInputSize = 32768;
std::array<void*, 16> inputs{};  // more than a client has connections at a time

void* arena_malloc(std::size_t size) { return SecretArena::process().allocate(size); }
void arena_free(void* block) { SecretArena::process().release(block); }
void* arena_realloc(void* block, std::size_t size) { return SecretArena::process().reallocate(block, size); }

void* curl_malloc(std::size_t size) {
    void* block = arena_malloc(size);
    if (size == kInputSize) *std::ranges::find(inputs.begin(), inputs.end() - 1, nullptr) = block;
    return block;
}
void curl_free_block(void* block) {
    std::ranges::replace(inputs, block, nullptr);
    arena_free(block);
}
void* curl_realloc(void* block, std::size_t size) {
    std::ranges::replace(inputs, block, nullptr);
    return arena_realloc(block, size);
}

void* arena_calloc(std::size_t count, std::size_t size) {
    std::size_t total = 0;
    if (__builtin_mul_overflow(count, size, &total)) return nullptr;
    void* block = arena_malloc(total);
    if (block != nullptr) std::memset(block, 0, total);
    return block;
}

char* arena_strdup(const char* text) {
    const std::size_t size = std::strlen(text) + 1;
    void* block = arena_malloc(size);
    if (block != nullptr) std::memcpy(block, text, size);
    return static_cast<char*>(block);
}

}  // namespace

// libcurl 7.88 hands its allocator to nobody: its HTTP/2 sessions, through whose buffers tokens and answers pass, would
// lie on malloc's heap. It makes them with this function of libnghttp2. A binary that links this object defines the
// symbol itself, and by the rules of ELF the program's definition comes before the library's; this one adds the allocator.
// (Newer libcurls call nghttp2_session_client_new3 with their own allocator, which is the arena as well.)
extern "C" int nghttp2_session_client_new2(nghttp2_session** session, const nghttp2_session_callbacks* callbacks,
                                           void* user_data, const nghttp2_option* option) {
    nghttp2_mem memory = {
        .mem_user_data = nullptr,
        .malloc = [](std::size_t size, void*) { return arena_malloc(size); },
        .free = [](void* block, void*) { arena_free(block); },
        .calloc = [](std::size_t count, std::size_t size, void*) { return arena_calloc(count, size); },
        .realloc = [](void* block, std::size_t size, void*) { return arena_realloc(block, size); },
    };
    return nghttp2_session_client_new3(session, callbacks, user_data, option, &memory);
}

namespace ct::http {

Status use_secret_arena() {
    static bool done = false;
    if (done) return {};
    // NOLINTNEXTLINE(concurrency-mt-unsafe): at start, before there is a second thread
    ::unsetenv("SSLKEYLOGFILE");
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, curl_malloc, curl_free_block, curl_realloc, arena_strdup,
                             arena_calloc) != CURLE_OK)
        return fail(Reason::internal, "libcurl does not start");

    // Both hooks can be without effect and nobody would notice, so see that they work.
    const std::size_t before = SecretArena::process().report().in_use;
    CURL* probe = curl_easy_init();
    const bool curl_hooked = probe != nullptr && SecretArena::process().report().in_use > before;
    curl_easy_cleanup(probe);
    if (!curl_hooked) return fail(Reason::internal, "libcurl was in use before use_secret_arena()");
    void* seen = ::dlsym(RTLD_DEFAULT, "nghttp2_session_client_new2");
    if (seen != reinterpret_cast<void*>(&nghttp2_session_client_new2))  // NOLINT: POSIX's way
        return fail(Reason::internal, "HTTP/2 sessions of libcurl do not see this program's allocator");
    done = true;
    return {};
}

void wipe_input() {
    for (void* block : inputs)
        if (block != nullptr) wipe(block, kInputSize);
}

}  // namespace ct::http
