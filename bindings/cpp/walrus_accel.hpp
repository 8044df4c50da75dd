/*
 * libwalrus_accel for C++17: encodes and decodes blobs of the Walrus storage network on graphics
 * devices and on the CPU. Slivers, metadata and blob IDs have exactly the network's bytes (RS2
 * encoding).
 *
 *     walrus_accel::runtime runtime;
 *     walrus_accel::encode_request request(walrus_accel::source::file("model.bin"));
 *     request.slivers = walrus_accel::sink::directory("slivers");
 *     std::cout << runtime.encode(request).metadata().blob_id().text() << '\n';
 *
 * CONVENTIONS
 *
 * Failures. A call that fails throws walrus_accel::error, with a status and a message. The main
 * operations have a variant that begins with try_ and returns a result<T>: the value or the
 * failure. Such a variant throws only std::bad_alloc.
 *
 * Ownership. A runtime, a control, metadata, a reader, a quilt reader, a list of patches, a job,
 * and the results of encoding, decoding, reading patches, expanding and recovering are handles. One
 * object owns each handle and frees it. A handle can be moved, not copied. A handle that was moved
 * from can be destroyed and assigned to; any other use fails with status::invalid_argument. All
 * other types are plain values.
 *
 * Memory. A span does not own its elements. A span that a call takes must stay valid, and its bytes
 * must not change, until the call returns or the job has ended. A span that a handle returns is
 * valid until the handle is destroyed; moving the handle does not change that.
 *
 * Threads. All threads may call const member functions at the same time. A member function that is
 * not const, and the destructor, must run alone on the object.
 *
 * Callables. Sources and sinks call their callables from threads of the library, one call at a time
 * per request. Requests that are copies share the callable, and may call it at the same time. A
 * callable must not call the library. An exception of a callable stops the
 * work, and the call that took the callable, or job::get, throws the same exception again; a try_
 * variant returns it as failure::cause.
 *
 * Numbers. Lengths are in bytes. Shards, pairs and indices are std::uint16_t; 0 shards stands for
 * the network's 1,000. A position is an index in an array or a list, from 0.
 *
 * The conventions of walrus_accel.h also hold: it describes faults, missing memory, forks, signals
 * and the build.
 */

#ifndef WALRUS_ACCEL_HPP
#define WALRUS_ACCEL_HPP

#include <walrus_accel.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace walrus_accel {

// -------------------------------------------------------------------------------------------------
// Memory
// -------------------------------------------------------------------------------------------------

/// View of consecutive elements that the span does not own: std::span of C++20, which converts to
/// and from it. Arrays and containers with consecutive elements convert to it.
template <class T> class span {
    template <class Container>
    using if_contiguous = std::enable_if_t<
        std::is_convertible_v<
            std::remove_pointer_t<decltype(std::data(std::declval<Container &>()))> (*)[],
            T (*)[]> &&
        std::is_convertible_v<decltype(std::size(std::declval<Container &>())), std::size_t>>;

  public:
    using element_type = T;
    using value_type = std::remove_cv_t<T>;
    using size_type = std::size_t;
    using iterator = T *;

    /// Makes an empty span.
    constexpr span() noexcept = default;

    /// Makes a span of the `size` elements from `data` on.
    constexpr span(T *data, std::size_t size) noexcept : data_(data), size_(size) {}

    /// Makes a span of all elements of a container or array.
    template <class Container, class = if_contiguous<Container>>
    constexpr span(Container &container) noexcept
        : data_(std::data(container)), size_(std::size(container)) {}

    /// Makes a span of all elements of a constant or temporary container, which must outlive the
    /// span.
    template <class Container, class = if_contiguous<const Container>>
    constexpr span(const Container &container) noexcept
        : data_(std::data(container)), size_(std::size(container)) {}

    /// Returns the first element; unspecified for an empty span.
    constexpr T *data() const noexcept { return data_; }

    /// Returns the number of elements.
    constexpr std::size_t size() const noexcept { return size_; }

    /// Returns true if the span has no elements.
    constexpr bool empty() const noexcept { return size_ == 0; }

    constexpr iterator begin() const noexcept { return data_; }
    constexpr iterator end() const noexcept { return data_ + size_; }

    /// Returns an element. `number` must be less than size().
    constexpr T &operator[](std::size_t number) const noexcept { return data_[number]; }

    /// Returns the `count` elements from `offset` on. The range must lie inside the span.
    constexpr span subspan(std::size_t offset, std::size_t count) const noexcept {
        return span(data_ + offset, count);
    }

  private:
    T *data_ = nullptr;
    std::size_t size_ = 0;
};

/// Returns the bytes of a text, such as a small blob. They are valid as long as the text.
inline span<const std::uint8_t> as_bytes(std::string_view text) noexcept {
    return {reinterpret_cast<const std::uint8_t *>(text.data()), text.size()};
}

// -------------------------------------------------------------------------------------------------
// Failures
// -------------------------------------------------------------------------------------------------

/// Result of a call. The values never change. Later versions may add statuses, so that a switch
/// needs a default.
enum class status : std::int32_t {
    /// Success.
    ok = WALRUS_ACCEL_OK,
    /// An argument is out of range, of the wrong length, moved from, or contradicts another
    /// argument.
    invalid_argument = WALRUS_ACCEL_INVALID_ARGUMENT,
    /// A handle was freed, or is no handle of the expected type.
    invalid_handle = WALRUS_ACCEL_INVALID_HANDLE,
    /// The blob is too long for the number of shards.
    blob_too_large = WALRUS_ACCEL_BLOB_TOO_LARGE,
    /// The system has no memory, or a size is beyond the address space.
    out_of_memory = WALRUS_ACCEL_OUT_OF_MEMORY,
    /// The job does not fit the memory limit of the runtime or of its device.
    memory_limit = WALRUS_ACCEL_MEMORY_LIMIT,
    /// The bytes are not of the expected structure.
    malformed = WALRUS_ACCEL_MALFORMED,
    /// The metadata contradicts the blob ID, the committee or itself.
    invalid_metadata = WALRUS_ACCEL_INVALID_METADATA,
    /// Too few slivers are usable to decode the blob.
    not_enough_slivers = WALRUS_ACCEL_NOT_ENOUGH_SLIVERS,
    /// The decoded blob contradicts the metadata: the blob was encoded inconsistently.
    inconsistent = WALRUS_ACCEL_INCONSISTENT,
    /// The source changed while it was read.
    source_changed = WALRUS_ACCEL_SOURCE_CHANGED,
    /// A read or a write failed.
    io = WALRUS_ACCEL_IO,
    /// The target exists and has other content.
    target_exists = WALRUS_ACCEL_TARGET_EXISTS,
    /// Another process works on the same target.
    busy = WALRUS_ACCEL_BUSY,
    /// The chosen engine, device or instruction set is unavailable.
    engine_unavailable = WALRUS_ACCEL_ENGINE_UNAVAILABLE,
    /// A callable threw an exception: failure::cause.
    callback_failed = WALRUS_ACCEL_CALLBACK_FAILED,
    /// A control, a job or a callable cancelled the work.
    cancelled = WALRUS_ACCEL_CANCELLED,
    /// The job has not ended yet.
    not_ended = WALRUS_ACCEL_NOT_ENDED,
    /// The time limit of the wait expired before the job ended.
    timed_out = WALRUS_ACCEL_TIMED_OUT,
    /// The object does not exist: a sliver that was not chosen, a result that was taken before.
    not_found = WALRUS_ACCEL_NOT_FOUND,
    /// A fault in the library. The runtime in which it happened can only be destroyed.
    panic = WALRUS_ACCEL_PANIC,
    /// An earlier fault poisoned the runtime, which can only be destroyed.
    poisoned = WALRUS_ACCEL_POISONED,
    /// A failure of a kind that has no status in this version.
    other = WALRUS_ACCEL_OTHER,
    /// Too few recovery symbols are usable to recover the sliver.
    not_enough_symbols = WALRUS_ACCEL_NOT_ENOUGH_SYMBOLS,
    /// A sliver contradicts the metadata of its blob where a valid sliver is needed.
    invalid_sliver = WALRUS_ACCEL_INVALID_SLIVER,
    /// A result that would accuse the encoder of the blob was computed a second time, in another
    /// way, and the results differ. The library or the machine is wrong; draw no conclusion from
    /// the result.
    results_differ = WALRUS_ACCEL_RESULTS_DIFFER,
};

/// Returns the name of a status, for messages and logs: lower case, in English, valid for the life
/// of the process.
inline std::string_view name(status value) noexcept {
    return walrus_accel_status_name(static_cast<walrus_accel_status>(value));
}

/// Exception that a failed call throws.
class error : public std::runtime_error {
  public:
    error(walrus_accel::status kind, const std::string &message)
        : std::runtime_error(message), status_(kind) {}

    /// Returns the kind of failure. what() returns the message.
    walrus_accel::status status() const noexcept { return status_; }

  private:
    walrus_accel::status status_;
};

/// Failure as a value.
struct failure {
    /// Kind of failure.
    walrus_accel::status status = walrus_accel::status::other;
    /// Message: one line of UTF-8 without a full stop, with the value, the limit and the next step.
    std::string message;
    /// Exception that a callable threw; null if no callable threw.
    std::exception_ptr cause = nullptr;

    /// Throws the cause if there is one, and otherwise an error with the status and the message.
    [[noreturn]] void raise() const {
        if (cause) { std::rethrow_exception(cause); }
        throw error(status, message);
    }
};

/// Value, or the failure that prevented it.
template <class T> class [[nodiscard]] result {
  public:
    /// Makes a success.
    result(T value) : content_(std::in_place_index<0>, std::move(value)) {}

    /// Makes a failure.
    result(walrus_accel::failure reason) : content_(std::in_place_index<1>, std::move(reason)) {}

    /// Returns true if there is a value.
    bool has_value() const noexcept { return content_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }

    /// Returns the value. Throws as failure::raise if there is none.
    T &value() & {
        demand();
        return *std::get_if<0>(&content_);
    }
    const T &value() const & {
        demand();
        return *std::get_if<0>(&content_);
    }
    T &&value() && {
        demand();
        return std::move(*std::get_if<0>(&content_));
    }

    /// Returns the value, as value() does.
    T &operator*() & { return value(); }
    const T &operator*() const & { return value(); }
    T &&operator*() && { return std::move(*this).value(); }
    T *operator->() { return &value(); }
    const T *operator->() const { return &value(); }

    /// Returns the failure. Throws std::bad_variant_access if there is a value.
    const walrus_accel::failure &failure() const { return std::get<1>(content_); }

  private:
    void demand() const {
        if (const auto *reason = std::get_if<1>(&content_)) { reason->raise(); }
    }

    std::variant<T, walrus_accel::failure> content_;
};

namespace detail {

template <class T, walrus_accel_status (*Free)(T *)> struct freeing {
    void operator()(T *handle) const noexcept { Free(handle); }
};

template <class T, walrus_accel_status (*Free)(T *)>
using handle = std::unique_ptr<T, freeing<T, Free>>;

using error_handle = handle<walrus_accel_error, walrus_accel_error_free>;
using devices_handle = handle<walrus_accel_devices, walrus_accel_devices_free>;
using runtime_handle = handle<walrus_accel_runtime, walrus_accel_runtime_free>;
using control_handle = handle<walrus_accel_control, walrus_accel_control_free>;
using metadata_handle = handle<walrus_accel_metadata, walrus_accel_metadata_free>;
using encoded_handle = handle<walrus_accel_encoded, walrus_accel_encoded_free>;
using decoded_handle = handle<walrus_accel_decoded, walrus_accel_decoded_free>;
using directory_report_handle =
    handle<walrus_accel_directory_report, walrus_accel_directory_report_free>;
using job_handle = handle<walrus_accel_job, walrus_accel_job_free>;
using expanded_handle = handle<walrus_accel_expanded, walrus_accel_expanded_free>;
using recovered_handle = handle<walrus_accel_recovered, walrus_accel_recovered_free>;
using reader_handle = handle<walrus_accel_reader, walrus_accel_reader_free>;
using reader_report_handle = handle<walrus_accel_reader_report, walrus_accel_reader_report_free>;
using quilt_patches_handle = handle<walrus_accel_quilt_patches, walrus_accel_quilt_patches_free>;
using quilt_reader_handle = handle<walrus_accel_quilt_reader, walrus_accel_quilt_reader_free>;
using quilt_content_handle = handle<walrus_accel_quilt_content, walrus_accel_quilt_content_free>;

/// Receives a handle from a function of the library. At the end of the full expression, the handle
/// belongs to `owner`.
template <class Handle> class receiving {
  public:
    explicit receiving(Handle &owner) noexcept : owner_(owner) {}
    receiving(const receiving &) = delete;
    receiving &operator=(const receiving &) = delete;
    ~receiving() { owner_.reset(place_); }

    operator typename Handle::pointer *() noexcept { return &place_; }

  private:
    Handle &owner_;
    typename Handle::pointer place_ = nullptr;
};

inline failure failure_from(walrus_accel_status value, const walrus_accel_error *reason) {
    const char *message =
        reason ? walrus_accel_error_message(reason) : walrus_accel_status_name(value);
    return {static_cast<status>(value), message, nullptr};
}

/// Makes a call, and passes it the place for its error. Returns the failure, if any.
template <class Call> std::optional<failure> attempt(Call &&call) {
    walrus_accel_error *place = nullptr;
    const walrus_accel_status value = std::forward<Call>(call)(&place);
    const error_handle reason(place);
    if (value == WALRUS_ACCEL_OK) { return std::nullopt; }
    return failure_from(value, reason.get());
}

/// Makes a call as attempt() does, and throws if it fails.
template <class Call> void demand(Call &&call) {
    if (const auto reason = attempt(std::forward<Call>(call))) { reason->raise(); }
}

/// First exception that a callable throws. It is kept here because nothing may unwind into C.
class first_exception {
  public:
    void keep(std::exception_ptr thrown) noexcept {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (!first_) { first_ = std::move(thrown); }
    }

    std::exception_ptr get() const noexcept {
        const std::lock_guard<std::mutex> lock(mutex_);
        return first_;
    }

  private:
    mutable std::mutex mutex_;
    std::exception_ptr first_;
};

/// Returns a text for C, which ends it at the first NUL. Throws if the text has a NUL inside.
inline std::string c_text(std::string text, const char *parameter) {
    if (text.find('\0') != std::string::npos) {
        throw error(status::invalid_argument, "`" + std::string(parameter) + "` has a NUL in it");
    }
    return text;
}

/// Returns a path for the library: any bytes on Unix, UTF-8 elsewhere.
inline std::string c_path(const std::filesystem::path &path, const char *parameter) {
#ifdef _WIN32
    const auto text = path.u8string();
    return c_text(std::string(text.begin(), text.end()), parameter);
#else
    return c_text(path.native(), parameter);
#endif
}

inline std::filesystem::path path_from(std::string_view text) {
#if defined(_WIN32) && defined(__cpp_char8_t)
    return std::filesystem::path(std::u8string(text.begin(), text.end()));
#elif defined(_WIN32)
    return std::filesystem::u8path(text);
#else
    return std::filesystem::path(text);
#endif
}

inline const char *or_null(const std::string &text) noexcept {
    return text.empty() ? nullptr : text.c_str();
}

} // namespace detail

// -------------------------------------------------------------------------------------------------
// Versions
// -------------------------------------------------------------------------------------------------

/// Returns the version of the loaded library, such as "0.1.0", valid for the life of the process.
inline std::string_view version() noexcept { return walrus_accel_version(); }

/// Throws error with status::other unless the loaded library has the binary interface of this
/// header. The constructor of runtime calls it.
inline void check_abi() {
    const std::uint32_t found = walrus_accel_abi_version();
    if (found != WALRUS_ACCEL_ABI_VERSION) {
        throw error(status::other, "libwalrus_accel " + std::string(version()) + " has version " +
                                       std::to_string(found) +
                                       " of the binary interface, and version " +
                                       std::to_string(WALRUS_ACCEL_ABI_VERSION) +
                                       " is needed: install the one that the header came with");
    }
}

// -------------------------------------------------------------------------------------------------
// Slivers and blob IDs
// -------------------------------------------------------------------------------------------------

/// Axis of the matrix of symbols.
enum class axis : std::uint32_t {
    /// Rows: primary slivers.
    primary = WALRUS_ACCEL_AXIS_PRIMARY,
    /// Columns: secondary slivers.
    secondary = WALRUS_ACCEL_AXIS_SECONDARY,
};

namespace detail {

constexpr std::uint32_t number_of(axis along) noexcept { return static_cast<std::uint32_t>(along); }

} // namespace detail

/// Commitment: the hash function of the Merkle trees and the blob ID.
enum class commitment : std::uint32_t {
    /// Blake2b-256: the network's commitment hash.
    blake2b = WALRUS_ACCEL_COMMITMENT_BLAKE2B,
    /// BLAKE3: a private profile with its own blob IDs, for users outside the network.
    blake3 = WALRUS_ACCEL_COMMITMENT_BLAKE3,
};

/// Root of a Merkle tree.
using hash = std::array<std::uint8_t, 32>;

/// Blob ID: a hash of the length of a blob and the roots of its slivers.
struct blob_id {
    /// Bytes of the blob ID.
    std::array<std::uint8_t, WALRUS_ACCEL_BLOB_ID_LENGTH> bytes{};

    /// Returns the text of the blob ID: 43 characters of URL-safe base64.
    std::string text() const {
        std::array<char, WALRUS_ACCEL_BLOB_ID_TEXT_LENGTH> buffer{};
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_blob_id_to_text(bytes.data(), buffer.data(), buffer.size(), reason);
        });
        return buffer.data();
    }

    /// Reads the text of a blob ID. Throws error with status::invalid_argument if the text is no
    /// blob ID.
    static blob_id parse(std::string_view text) {
        const std::string given = detail::c_text(std::string(text), "text");
        blob_id id;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_blob_id_from_text(given.c_str(), id.bytes.data(), reason);
        });
        return id;
    }

    friend bool operator==(const blob_id &left, const blob_id &right) noexcept {
        return left.bytes == right.bytes;
    }
    friend bool operator!=(const blob_id &left, const blob_id &right) noexcept {
        return left.bytes != right.bytes;
    }
    /// Compares the bytes.
    friend bool operator<(const blob_id &left, const blob_id &right) noexcept {
        return left.bytes < right.bytes;
    }
};

/// ID of a patch: the blob ID of its quilt, and its columns.
struct quilt_patch_id {
    /// Blob ID of the quilt.
    blob_id quilt;
    /// First column of the patch. Column c of a quilt is the secondary sliver with the index c.
    std::uint16_t first_column = 0;
    /// Column after the last column of the patch.
    std::uint16_t end_column = 0;

    /// Returns the text of the patch ID: 50 characters of URL-safe base64.
    std::string text() const {
        std::array<char, WALRUS_ACCEL_QUILT_PATCH_ID_TEXT_LENGTH> buffer{};
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_quilt_patch_id_to_text(
                quilt.bytes.data(), first_column, end_column, buffer.data(), buffer.size(), reason);
        });
        return buffer.data();
    }

    /// Reads the text of a patch ID. Throws error with status::invalid_argument if the text is no
    /// patch ID.
    static quilt_patch_id parse(std::string_view text) {
        const std::string given = detail::c_text(std::string(text), "text");
        quilt_patch_id id;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_quilt_patch_id_from_text(
                given.c_str(), id.quilt.bytes.data(), &id.first_column, &id.end_column, reason);
        });
        return id;
    }

    friend bool operator==(const quilt_patch_id &left, const quilt_patch_id &right) noexcept {
        return left.quilt == right.quilt && left.first_column == right.first_column &&
               left.end_column == right.end_column;
    }
    friend bool operator!=(const quilt_patch_id &left, const quilt_patch_id &right) noexcept {
        return !(left == right);
    }
};

/// Sizes of an encoding, for a number of shards and a length of the blob.
struct shape {
    /// Length of the blob in bytes.
    std::uint64_t blob_length = 0;
    /// Length in bytes of a primary sliver as BCS SliverData: the body that a storage node takes.
    std::uint64_t primary_length = 0;
    /// Length in bytes of a secondary sliver as BCS SliverData.
    std::uint64_t secondary_length = 0;
    /// Length in bytes of the metadata with its blob ID, as BCS BlobMetadataWithId.
    std::uint64_t metadata_length = 0;
    /// Length in bytes that the network accounts for the blob: all slivers, and the metadata on
    /// every shard.
    std::uint64_t stored_length = 0;
    /// Size of a symbol in bytes: even, from 2 to 65,534.
    std::uint32_t symbol_size = 0;
    /// Length in bytes of the header before the symbols of a primary sliver in BCS SliverData.
    /// Encoding to buffers is fastest if the symbols of each sliver begin at a multiple of 64
    /// bytes.
    std::uint32_t primary_header_length = 0;
    /// Length in bytes of the header before the symbols of a secondary sliver in BCS SliverData.
    std::uint32_t secondary_header_length = 0;
    /// Number of shards, and of sliver pairs.
    std::uint16_t n_shards = 0;
    /// Number of primary slivers that decode the blob; number of symbols in a secondary sliver.
    std::uint16_t rows = 0;
    /// Number of secondary slivers that decode the blob; number of symbols in a primary sliver.
    std::uint16_t columns = 0;
    /// Length in bytes of a symbol without a Merkle proof, as BCS DecodingSymbol.
    std::uint32_t decoding_symbol_length = 0;
    /// Greatest length in bytes of a symbol with its Merkle proof, as BCS GeneralRecoverySymbol.
    std::uint32_t recovery_symbol_length = 0;

    /// Returns the shape of a blob of `blob_length` bytes for `n_shards` shards. Throws error with
    /// status::invalid_argument for a number of shards that the code does not support, and with
    /// status::blob_too_large.
    static shape of(std::uint16_t n_shards, std::uint64_t blob_length);

    /// Returns the length in bytes of a sliver of an axis as BCS SliverData.
    std::uint64_t sliver_length(axis along) const noexcept {
        return along == axis::primary ? primary_length : secondary_length;
    }
};

namespace detail {

template <class Call> shape shape_from(Call &&call) {
    walrus_accel_shape found = WALRUS_ACCEL_SHAPE_INIT;
    demand([&](walrus_accel_error **reason) { return call(&found, reason); });
    shape told;
    told.blob_length = found.blob_length;
    told.primary_length = found.primary_length;
    told.secondary_length = found.secondary_length;
    told.metadata_length = found.metadata_length;
    told.stored_length = found.stored_length;
    told.symbol_size = found.symbol_size;
    told.primary_header_length = found.primary_header_length;
    told.secondary_header_length = found.secondary_header_length;
    told.n_shards = found.n_shards;
    told.rows = found.rows;
    told.columns = found.columns;
    told.decoding_symbol_length = found.decoding_symbol_length;
    told.recovery_symbol_length = found.recovery_symbol_length;
    return told;
}

} // namespace detail

inline shape shape::of(std::uint16_t n_shards, std::uint64_t blob_length) {
    return detail::shape_from([&](walrus_accel_shape *place, walrus_accel_error **reason) {
        return walrus_accel_shape_compute(n_shards, blob_length, place, reason);
    });
}

/// Returns the length in bytes of the longest blob for `n_shards` shards. Throws error with
/// status::invalid_argument for a number of shards that the code does not support.
inline std::uint64_t max_blob_length(std::uint16_t n_shards) {
    std::uint64_t length = 0;
    detail::demand([&](walrus_accel_error **reason) {
        return walrus_accel_max_blob_length(n_shards, &length, reason);
    });
    return length;
}

/// Returns the index along its axis of a pair's sliver: the index in BCS SliverData. Throws error
/// with status::invalid_argument if the pair does not exist.
inline std::uint16_t sliver_index(std::uint16_t n_shards, axis along, std::uint16_t pair) {
    std::uint16_t index = 0;
    detail::demand([&](walrus_accel_error **reason) {
        return walrus_accel_sliver_index(n_shards, detail::number_of(along), pair, &index, reason);
    });
    return index;
}

/// Returns the pair of the sliver with this index along its axis. Throws as sliver_index.
inline std::uint16_t sliver_pair(std::uint16_t n_shards, axis along, std::uint16_t index) {
    std::uint16_t pair = 0;
    detail::demand([&](walrus_accel_error **reason) {
        return walrus_accel_sliver_pair(n_shards, detail::number_of(along), index, &pair, reason);
    });
    return pair;
}

/// Returns the shard that stores a pair of a blob. Throws error with status::invalid_argument if
/// the pair does not exist.
inline std::uint16_t shard_of_pair(std::uint16_t n_shards, const blob_id &id, std::uint16_t pair) {
    std::uint16_t shard = 0;
    detail::demand([&](walrus_accel_error **reason) {
        return walrus_accel_shard_of_pair(n_shards, id.bytes.data(), pair, &shard, reason);
    });
    return shard;
}

/// Returns the pair of a blob that a shard stores. Throws error with status::invalid_argument if
/// the shard does not exist.
inline std::uint16_t pair_of_shard(std::uint16_t n_shards, const blob_id &id, std::uint16_t shard) {
    std::uint16_t pair = 0;
    detail::demand([&](walrus_accel_error **reason) {
        return walrus_accel_pair_of_shard(n_shards, id.bytes.data(), shard, &pair, reason);
    });
    return pair;
}

/// Returns the primary slivers whose symbols hold a byte range of a blob, as the index of the first
/// sliver and the number of slivers. These slivers suffice to read the range with
/// reader::read_range. Throws error with status::invalid_argument for a range that is not inside
/// the blob.
inline std::pair<std::uint16_t, std::uint16_t> rows_of_range(
    std::uint16_t n_shards, std::uint64_t blob_length, std::uint64_t offset, std::uint64_t length) {
    std::pair<std::uint16_t, std::uint16_t> rows;
    detail::demand([&](walrus_accel_error **reason) {
        return walrus_accel_rows_of_range(
            n_shards, blob_length, offset, length, &rows.first, &rows.second, reason);
    });
    return rows;
}

// -------------------------------------------------------------------------------------------------
// Devices
// -------------------------------------------------------------------------------------------------

/// Kind of a device.
enum class device_kind : std::uint32_t {
    /// A device with its own memory.
    discrete = WALRUS_ACCEL_DEVICE_DISCRETE,
    /// A device that shares the CPU's memory.
    integrated = WALRUS_ACCEL_DEVICE_INTEGRATED,
    /// A part of a device, assigned to a virtual machine.
    virtual_machine = WALRUS_ACCEL_DEVICE_VIRTUAL,
    /// A device whose driver does not report its kind.
    other = WALRUS_ACCEL_DEVICE_OTHER,
    /// A software device: a driver that computes on the CPU, correct and slow. The library uses it
    /// only if it is named, or if WALRUS_ACCEL_ALLOW_SOFTWARE=1 is in the environment.
    software = WALRUS_ACCEL_DEVICE_SOFTWARE,
};

/// Device. Texts are UTF-8.
struct device {
    /// Number of the device, which runtime_options::device takes as text.
    std::uint64_t index = 0;
    /// Size in bytes of the device's largest memory; 0 if the driver does not report it.
    std::uint64_t memory = 0;
    /// Name of the device.
    std::string name;
    /// Interface to the device: "vulkan", "metal" or "dx12".
    std::string backend;
    /// Name and version of the driver.
    std::string driver;
    /// Address on the PCI bus; empty if the driver does not report it.
    std::string bus;
    /// Reason why the device is unusable; nothing for a usable device.
    std::optional<std::string> unusable;
    /// Kind of the device.
    device_kind kind = device_kind::other;
};

/// Returns the devices, including software devices. The call loads the drivers, which takes some
/// 100 ms and some tens of MB. The list is empty if there is no device or no driver, or if the
/// library was built without device support.
inline std::vector<device> devices() {
    detail::devices_handle list;
    std::size_t count = 0;
    detail::demand([&](walrus_accel_error **reason) {
        return walrus_accel_devices_list(detail::receiving(list), &count, reason);
    });
    std::vector<device> found;
    for (std::size_t number = 0; number < count; ++number) {
        walrus_accel_device told = WALRUS_ACCEL_DEVICE_INIT;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_devices_get(list.get(), number, &told, reason);
        });
        device one;
        one.index = told.index;
        one.memory = told.memory;
        one.name = told.name;
        one.backend = told.backend;
        one.driver = told.driver;
        one.bus = told.bus;
        if (told.unusable) { one.unusable = told.unusable; }
        one.kind = static_cast<device_kind>(told.kind);
        found.push_back(std::move(one));
    }
    return found;
}

// -------------------------------------------------------------------------------------------------
// Controls
// -------------------------------------------------------------------------------------------------

/// Progress of a job, in bytes of the blob (of the slivers, if it verifies slivers); of a batch, in
/// blobs. `total` is 0 before the job starts, and 1 for an empty blob.
struct progress {
    std::uint64_t done = 0;
    std::uint64_t total = 0;
};

/// Observes and cancels one call, from any thread. Make it before the call, and destroy it after
/// the call.
class control {
  public:
    /// Makes a control. Throws error.
    control() {
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_control_new(detail::receiving(handle_), reason);
        });
    }

    /// Cancels the call. The call finishes its current piece of work, some milliseconds, fails with
    /// status::cancelled, and leaves nothing behind. A control stays cancelled: later calls with it
    /// stop at once.
    void cancel() const {
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_control_cancel(handle_.get(), reason);
        });
    }

    /// Returns the progress of the call.
    walrus_accel::progress progress() const {
        walrus_accel::progress told;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_control_progress(handle_.get(), &told.done, &told.total, reason);
        });
        return told;
    }

    /// Returns the name of the engine that runs or ran the call: "cpu", "gpu" or "reference"; empty
    /// before an engine starts.
    std::string_view engine() const {
        const char *name = nullptr;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_control_engine(handle_.get(), &name, reason);
        });
        return name == nullptr ? std::string_view() : std::string_view(name);
    }

  private:
    friend class control_ref;
    detail::control_handle handle_;
};

/// Reference to the control of a call, or no control. The control must outlive the call.
class control_ref {
  public:
    /// Makes a reference to no control.
    control_ref() noexcept = default;

    control_ref(const control &given) noexcept : control_(&given) {}

  private:
    friend class runtime;
    friend class reader;
    friend class quilt_reader;

    /// Returns a failure for a control that was moved from. Such a control does not count as no
    /// control: a caller who wants to cancel must learn of it.
    std::optional<failure> fault() const {
        if (control_ && !control_->handle_) {
            return failure{
                status::invalid_argument, "the control was moved from: make another", nullptr};
        }
        return std::nullopt;
    }

    const walrus_accel_control *get() const noexcept {
        return control_ ? control_->handle_.get() : nullptr;
    }

    const control *control_ = nullptr;
};

namespace detail {

struct requesting;
template <class Value> class errand;

} // namespace detail

// -------------------------------------------------------------------------------------------------
// Metadata
// -------------------------------------------------------------------------------------------------

/// Verified metadata of a blob: the blob ID, the commitment, the length of the blob, and the Merkle
/// roots of all slivers. A handle.
class metadata {
  public:
    /// Reads metadata from BCS BlobMetadataWithId and verifies it: computes the blob ID from the
    /// metadata, and compares the number of sliver pairs with the committee. Metadata for a trusted
    /// blob ID can therefore be trusted.
    ///
    /// `bcs`: read during the call. `n_shards`: number of shards of the committee; 0 for the
    /// network's 1,000. `expected`: the blob ID that the caller asked for, or nothing to accept the
    /// blob ID in the bytes. Throws error with status::malformed; with status::invalid_metadata for
    /// metadata of another blob or committee, or with a wrong blob ID; with status::blob_too_large;
    /// with status::out_of_memory.
    static metadata from_bcs(span<const std::uint8_t> bcs, std::uint16_t n_shards = 0,
        std::optional<walrus_accel::blob_id> expected = std::nullopt) {
        return try_from_bcs(bcs, n_shards, expected).value();
    }

    /// Does as from_bcs, without exceptions.
    static result<metadata> try_from_bcs(span<const std::uint8_t> bcs, std::uint16_t n_shards = 0,
        std::optional<walrus_accel::blob_id> expected = std::nullopt) {
        metadata read;
        auto reason = detail::attempt([&](walrus_accel_error **place) {
            return walrus_accel_metadata_from_bcs(bcs.data(), bcs.size(), n_shards,
                expected ? expected->bytes.data() : nullptr, detail::receiving(read.handle_),
                place);
        });
        if (reason) { return std::move(*reason); }
        return read;
    }

    /// Returns the metadata as BCS BlobMetadataWithId. The bytes after the blob ID, the first 32
    /// bytes, are BCS BlobMetadata: the body that a storage node takes.
    std::vector<std::uint8_t> to_bcs() const {
        std::size_t length = 0;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_metadata_bcs_length(handle_.get(), &length, reason);
        });
        std::vector<std::uint8_t> bcs(length);
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_metadata_to_bcs(handle_.get(), bcs.data(), bcs.size(), reason);
        });
        return bcs;
    }

    /// Returns the blob ID.
    walrus_accel::blob_id blob_id() const {
        walrus_accel::blob_id id;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_metadata_blob_id(handle_.get(), id.bytes.data(), reason);
        });
        return id;
    }

    /// Returns the root of the Merkle tree over the roots of all pairs: the network's "root hash".
    hash root_hash() const {
        hash root{};
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_metadata_root_hash(handle_.get(), root.data(), reason);
        });
        return root;
    }

    /// Returns the Merkle root of one sliver; 32 zero bytes if the metadata leaves it empty. Throws
    /// error with status::not_found if the pair does not exist.
    hash sliver_root(axis along, std::uint16_t pair) const {
        hash root{};
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_metadata_sliver_root(
                handle_.get(), detail::number_of(along), pair, root.data(), reason);
        });
        return root;
    }

    /// Returns the commitment.
    walrus_accel::commitment commitment() const {
        std::uint32_t found = 0;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_metadata_commitment(handle_.get(), &found, reason);
        });
        return static_cast<walrus_accel::commitment>(found);
    }

    /// Returns the shape of the encoding: number of shards, length of the blob, and the sizes that
    /// follow from both.
    walrus_accel::shape shape() const {
        return detail::shape_from([&](walrus_accel_shape *place, walrus_accel_error **reason) {
            return walrus_accel_metadata_shape(handle_.get(), place, reason);
        });
    }

  private:
    friend class encoded;
    friend struct detail::requesting;

    metadata() = default;

    detail::metadata_handle handle_;
};

// -------------------------------------------------------------------------------------------------
// Sources and sinks
// -------------------------------------------------------------------------------------------------

/// Answer of a callable. A callable that returns void answers flow::go_on; a callable that fails
/// throws.
enum class flow {
    /// The work continues.
    go_on,
    /// The work stops, with status::cancelled.
    stop,
};

namespace detail {

/// Returns a callable that answers, for a callable of either kind. All copies of it share the given
/// callable, which therefore need not be copyable.
template <class... Arguments, class Callable>
std::function<flow(Arguments...)> answering(Callable &&callable) {
    auto kept = std::make_shared<std::decay_t<Callable>>(std::forward<Callable>(callable));
    return [kept](Arguments... arguments) {
        if constexpr (std::is_void_v<
                          std::invoke_result_t<std::decay_t<Callable> &, Arguments...>>) {
            std::invoke(*kept, arguments...);
            return flow::go_on;
        } else {
            return std::invoke(*kept, arguments...);
        }
    };
}

/// Calls a callable from C, and returns the number that the library expects.
template <class Call> std::int32_t answer(first_exception &thrown, Call &&call) noexcept {
    try {
        return std::forward<Call>(call)() == flow::stop ? 1 : 0;
    } catch (...) {
        thrown.keep(std::current_exception());
        return -1;
    }
}

struct held_source;
struct held_sink;

} // namespace detail

/// Source of a blob.
class source {
  public:
    /// Makes a source of a blob in memory. The memory is borrowed.
    static source memory(span<const std::uint8_t> blob) {
        source made(WALRUS_ACCEL_SOURCE_MEMORY);
        made.blob_ = blob;
        made.length_ = blob.size();
        return made;
    }

    /// Makes a source of a regular file. Throws error with status::invalid_argument for a path with
    /// a NUL in it.
    static source file(const std::filesystem::path &path) {
        source made(WALRUS_ACCEL_SOURCE_PATH);
        made.path_ = detail::c_path(path, "path");
        return made;
    }

    /// Makes a source of an open file descriptor, which the caller may close when the call, or the
    /// call that submits the job, returns. A regular file is read by position, from its beginning,
    /// and keeps its offset. Anything else, such as a pipe, is read to its end into a temporary
    /// file. Not supported on Windows.
    static source descriptor(int open) {
        source made(WALRUS_ACCEL_SOURCE_DESCRIPTOR);
        made.descriptor_ = open;
        return made;
    }

    /// Makes a source of a blob of `length` bytes that a callable reads. read(std::uint64_t offset,
    /// span<std::uint8_t> out) fills `out` with the bytes from `offset` on, which lie inside the
    /// blob, and returns void or flow. The ranges of the calls come in no particular order, and may
    /// repeat.
    template <class Reader> static source reader(std::uint64_t length, Reader &&read) {
        source made(WALRUS_ACCEL_SOURCE_CALLBACK);
        made.length_ = length;
        made.read_ =
            detail::answering<std::uint64_t, span<std::uint8_t>>(std::forward<Reader>(read));
        return made;
    }

  private:
    friend struct detail::held_source;

    explicit source(std::uint32_t kind) : kind_(kind) {}

    std::uint32_t kind_;
    int descriptor_ = -1;
    span<const std::uint8_t> blob_;
    std::uint64_t length_ = 0;
    std::string path_;
    std::function<flow(std::uint64_t, span<std::uint8_t>)> read_;
};

/// Piece of a sliver.
struct piece {
    /// Bytes of the piece, valid while the callable runs.
    span<const std::uint8_t> bytes;
    /// Offset in bytes of the piece in the sliver's BCS SliverData.
    std::uint64_t offset = 0;
    /// Length in bytes of the sliver's BCS SliverData.
    std::uint64_t sliver_length = 0;
    /// Axis of the sliver.
    walrus_accel::axis axis = walrus_accel::axis::primary;
    /// Pair of the sliver.
    std::uint16_t pair = 0;
    /// Index of the sliver along its axis.
    std::uint16_t index = 0;
};

/// Destination of the slivers of the chosen pairs.
class sink {
  public:
    /// Keeps no sliver. The result has metadata and blob ID.
    static sink none() { return sink(WALRUS_ACCEL_SINK_NONE); }

    /// Keeps the slivers in the library: encoded::sliver lends them.
    static sink library() { return sink(WALRUS_ACCEL_SINK_LIBRARY); }

    /// Writes the slivers to buffers of the caller: for each chosen pair in ascending order, a
    /// buffer for the primary sliver and a buffer for the secondary sliver, each of exactly the
    /// length in the shape. The content of the buffers is unspecified after a failure.
    static sink buffers(std::vector<span<std::uint8_t>> buffers) {
        sink made(WALRUS_ACCEL_SINK_BUFFERS);
        made.buffers_ = std::move(buffers);
        return made;
    }

    /// Writes the slivers to a directory in `path` that is named by the blob ID, either complete or
    /// not at all. `replace`: replaces a directory of the blob that has other content. Throws error
    /// with status::invalid_argument for a path with a NUL in it.
    static sink directory(const std::filesystem::path &path, bool replace = false) {
        sink made(WALRUS_ACCEL_SINK_DIRECTORY);
        made.path_ = detail::c_path(path, "path");
        made.replace_ = replace;
        return made;
    }

    /// Passes the slivers to a callable in pieces. write(const piece &) returns void or flow. The
    /// pieces of all slivers come in no particular order, do not overlap, and cover the slivers.
    template <class Writer> static sink callback(Writer &&write) {
        sink made(WALRUS_ACCEL_SINK_CALLBACK);
        made.write_ = detail::answering<const piece &>(std::forward<Writer>(write));
        return made;
    }

  private:
    friend struct detail::held_sink;

    explicit sink(std::uint32_t kind) : kind_(kind) {}

    std::uint32_t kind_;
    bool replace_ = false;
    std::vector<span<std::uint8_t>> buffers_;
    std::string path_;
    std::function<flow(const piece &)> write_;
};

/// Sliver in memory. The memory is borrowed.
struct sliver {
    /// Axis of the sliver, which the bytes do not have.
    walrus_accel::axis axis = walrus_accel::axis::primary;
    /// BCS SliverData of the sliver, as a storage node serves it.
    span<const std::uint8_t> bytes;
};

/// Sliver in memory, and the metadata of its blob. Both are borrowed.
struct blob_sliver {
    blob_sliver(const metadata &of, walrus_accel::sliver given) : blob(of), sliver(given) {}
    blob_sliver(const metadata &&of, walrus_accel::sliver given) = delete;

    /// Metadata of the blob.
    std::reference_wrapper<const metadata> blob;
    /// Sliver.
    walrus_accel::sliver sliver;
};

/// Target: a sliver to recover.
struct target {
    /// Axis of the sliver.
    walrus_accel::axis axis = walrus_accel::axis::primary;
    /// Pair of the sliver.
    std::uint16_t pair = 0;
};

/// Slivers to decode or rebuild from.
class sliver_set {
  public:
    /// Takes slivers in memory, in any order. Slivers that do not have the shape of the blob, and
    /// repeated slivers, are skipped. Surplus slivers are ignored.
    sliver_set(std::vector<sliver> slivers) : slivers_(std::move(slivers)) {}

    /// Takes a directory that sink::directory wrote, or what is left of it. Throws error with
    /// status::invalid_argument for a path with a NUL in it.
    static sliver_set directory(const std::filesystem::path &path) {
        sliver_set made{std::vector<sliver>()};
        made.directory_ = detail::c_path(path, "directory");
        return made;
    }

  private:
    friend struct detail::requesting;

    std::vector<sliver> slivers_;
    std::optional<std::string> directory_;
};

/// Destination of a decoded blob.
class output {
  public:
    /// Keeps the blob in the library: decoded::blob lends it.
    static output library() { return output(WALRUS_ACCEL_OUTPUT_LIBRARY); }

    /// Writes the blob to a buffer of the caller, of exactly the length of the blob.
    static output memory(span<std::uint8_t> buffer) {
        output made(WALRUS_ACCEL_OUTPUT_MEMORY);
        made.buffer_ = buffer;
        return made;
    }

    /// Writes the blob to a file, which gets its name when it is complete. An existing regular file
    /// is replaced, unless it is in the directory that is read. Throws error with
    /// status::invalid_argument for a path with a NUL in it.
    static output file(const std::filesystem::path &path) {
        output made(WALRUS_ACCEL_OUTPUT_FILE);
        made.path_ = detail::c_path(path, "path");
        return made;
    }

  private:
    friend struct detail::requesting;

    explicit output(std::uint32_t kind) : kind_(kind) {}

    std::uint32_t kind_;
    span<std::uint8_t> buffer_;
    std::string path_;
};

// -------------------------------------------------------------------------------------------------
// Requests
// -------------------------------------------------------------------------------------------------

/// Request to encode a blob.
struct encode_request {
    explicit encode_request(source from) : blob(std::move(from)) {}

    /// Source of the blob.
    source blob;
    /// Destination of the slivers.
    sink slivers = sink::none();
    /// Pairs whose slivers go to the sink; nothing for all pairs. Repeated pairs count once. The
    /// metadata always covers all pairs.
    std::optional<std::vector<std::uint16_t>> pairs;
    /// Commitment.
    walrus_accel::commitment commitment = walrus_accel::commitment::blake2b;
    /// Number of shards; 0 for the network's 1,000.
    std::uint16_t n_shards = 0;
};

/// Tag of a patch: a key and a value, both any text in UTF-8.
struct quilt_tag {
    std::string key;
    std::string value;

    friend bool operator==(const quilt_tag &left, const quilt_tag &right) noexcept {
        return left.key == right.key && left.value == right.value;
    }
    friend bool operator!=(const quilt_tag &left, const quilt_tag &right) noexcept {
        return !(left == right);
    }
};

/// Patch of a quilt to encode.
class quilt_entry {
  public:
    /// Makes an entry. `identifier`: unique in the quilt, of 1 to 65,531 bytes, without control
    /// characters, and without white space at its end. `content`: shorter than 4 GiB; a file is
    /// open only while it is read. `tags`: in any order, with unique keys, of at most 65,535 bytes
    /// in the format. Throws error with status::invalid_argument for an identifier with a NUL in
    /// it.
    quilt_entry(std::string identifier, source content, std::vector<quilt_tag> tags = {})
        : identifier_(detail::c_text(std::move(identifier), "identifier")),
          content_(std::move(content)), tags_(std::move(tags)) {}

  private:
    friend struct detail::requesting;

    std::string identifier_;
    source content_;
    std::vector<quilt_tag> tags_;
};

/// Request to encode a quilt: one blob that holds many small blobs, the patches, and an index.
struct encode_quilt_request {
    explicit encode_quilt_request(std::vector<quilt_entry> given) : entries(std::move(given)) {}

    /// Patches, in any order: the quilt orders them by the bytes of their identifiers.
    std::vector<quilt_entry> entries;
    /// Destination of the slivers.
    sink slivers = sink::none();
    /// Pairs whose slivers go to the sink; nothing for all pairs.
    std::optional<std::vector<std::uint16_t>> pairs;
    /// Commitment.
    walrus_accel::commitment commitment = walrus_accel::commitment::blake2b;
    /// Number of shards; 0 for the network's 1,000.
    std::uint16_t n_shards = 0;
};

/// Check of a decoded blob.
enum class check : std::uint32_t {
    /// Hashes the source rows of the blob and compares the roots with the metadata. No wrong blob
    /// passes.
    standard = WALRUS_ACCEL_CHECK_DEFAULT,
    /// Encodes the blob again and compares the blob ID. No inconsistent encoding passes either.
    strict = WALRUS_ACCEL_CHECK_STRICT,
    /// Checks nothing. A damaged sliver gives a wrong blob.
    skip = WALRUS_ACCEL_CHECK_SKIP,
};

/// Request to decode a blob. The metadata must outlive the call, or the call that submits the job.
struct decode_request {
    decode_request(const metadata &of, sliver_set from) : blob(of), slivers(std::move(from)) {}
    decode_request(const metadata &&of, sliver_set from) = delete;

    /// Metadata of the blob.
    std::reference_wrapper<const metadata> blob;
    /// Slivers to decode from.
    sliver_set slivers;
    /// Axis whose slivers are used; nothing for the axis that has enough slivers, primary first.
    std::optional<walrus_accel::axis> axis;
    /// Check of the decoded blob.
    walrus_accel::check check = walrus_accel::check::standard;
    /// Destination of the blob.
    output to = output::library();
};

/// Request to decode a blob without metadata. Nothing is checked: a damaged sliver gives a wrong
/// blob.
struct decode_unchecked_request {
    decode_unchecked_request(std::uint64_t blob_length, std::vector<sliver> given)
        : length(blob_length), slivers(std::move(given)) {}

    /// Length of the blob in bytes.
    std::uint64_t length;
    /// Slivers, in any order. All of them must have the shape of the blob.
    std::vector<sliver> slivers;
    /// Number of shards. 0: 1,000, as in the Walrus network.
    std::uint16_t n_shards = 0;
    /// Axis whose slivers are used. Without a value, the first axis with enough slivers, primary
    /// before secondary.
    std::optional<walrus_accel::axis> axis;
    /// Output of the blob.
    output to = output::library();
};

/// Request to verify slivers of one blob, of both axes in any order. Many slivers in one request
/// are verified faster than one by one. The metadata must outlive the call, or the call that
/// submits the job.
struct verify_request {
    verify_request(const metadata &of, std::vector<sliver> given)
        : blob(of), slivers(std::move(given)) {}
    verify_request(const metadata &&of, std::vector<sliver> given) = delete;

    /// Metadata of the blob.
    std::reference_wrapper<const metadata> blob;
    /// Slivers.
    std::vector<sliver> slivers;
};

/// Request to rebuild slivers from other slivers. The metadata must outlive the call, or the call
/// that submits the job.
struct rebuild_request {
    rebuild_request(const metadata &of, sliver_set given, sink rebuilt)
        : blob(of), from(std::move(given)), to(std::move(rebuilt)) {}
    rebuild_request(const metadata &&of, sliver_set given, sink rebuilt) = delete;

    /// Metadata of the blob.
    std::reference_wrapper<const metadata> blob;
    /// Slivers to rebuild from.
    sliver_set from;
    /// Destination of the rebuilt slivers, of any kind except sink::none.
    sink to;
    /// Pairs to rebuild; nothing for all pairs.
    std::optional<std::vector<std::uint16_t>> pairs;
    /// Axis whose slivers are used; nothing for the axis that has enough slivers, primary first.
    std::optional<walrus_accel::axis> axis;
};

// -------------------------------------------------------------------------------------------------
// Results
// -------------------------------------------------------------------------------------------------

/// Patch of a quilt.
struct quilt_patch {
    /// Identifier, unique in the quilt. It may look like a path, also like "../x" or an absolute
    /// path: never join it to a directory unchecked. quilt_reader::extract checks it.
    std::string identifier;
    /// ID of the patch, with its columns.
    quilt_patch_id id;
    /// Tags, in the order of the format.
    std::vector<quilt_tag> tags;
};

/// List of patches of one quilt, in the order of the quilt: by the bytes of their identifiers. A
/// handle.
class quilt_patches {
  public:
    /// Returns the number of patches.
    std::size_t size() const {
        std::size_t count = 0;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_quilt_patches_count(handle_.get(), &count, reason);
        });
        return count;
    }

    /// Returns a copy of a patch. Throws error with status::not_found beyond the last patch.
    quilt_patch at(std::size_t position) const {
        walrus_accel_quilt_patch found = WALRUS_ACCEL_QUILT_PATCH_INIT;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_quilt_patches_get(handle_.get(), position, &found, reason);
        });
        quilt_patch told;
        told.identifier = found.identifier;
        told.id = quilt_patch_id::parse(found.patch_id);
        told.tags.reserve(found.tag_count);
        for (std::size_t number = 0; number < found.tag_count; ++number) {
            const auto &tag = found.tags[number];
            told.tags.push_back({text(tag.key, tag.key_length), text(tag.value, tag.value_length)});
        }
        return told;
    }

  private:
    friend class encoded;
    friend class quilt_reader;
    friend struct detail::requesting;

    quilt_patches() = default;

    static std::string text(const char *start, std::size_t length) {
        return start ? std::string(start, length) : std::string();
    }

    detail::quilt_patches_handle handle_;
};

/// Result of reading a patch: the length of the content, and the content if the library keeps it. A
/// handle.
class quilt_content {
  public:
    /// Returns the length of the content in bytes.
    std::uint64_t length() const {
        std::uint64_t found = 0;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_quilt_content_length(handle_.get(), &found, reason);
        });
        return found;
    }

    /// Returns the content that the library keeps. Throws error with status::not_found if the
    /// output was of another kind.
    span<const std::uint8_t> bytes() const {
        const std::uint8_t *data = nullptr;
        std::size_t length = 0;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_quilt_content_bytes(handle_.get(), &data, &length, reason);
        });
        return {data, length};
    }

  private:
    template <class Value> friend class detail::errand;

    explicit quilt_content(detail::quilt_content_handle &&handle) : handle_(std::move(handle)) {}

    detail::quilt_content_handle handle_;
};

/// Result of work that has no value.
struct done {};

/// Result of encoding or rebuilding: the metadata, the slivers if the library keeps them, and the
/// patches of a quilt. A handle.
class encoded {
  public:
    /// Returns the metadata, which outlives the result.
    walrus_accel::metadata metadata() const {
        walrus_accel::metadata found;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_encoded_metadata(
                handle_.get(), detail::receiving(found.handle_), reason);
        });
        return found;
    }

    /// Returns a sliver that the library keeps, as BCS SliverData: the body that a storage node
    /// takes. Throws error with status::not_found if the pair was not chosen or the sink was of
    /// another kind.
    span<const std::uint8_t> sliver(axis along, std::uint16_t pair) const {
        const std::uint8_t *data = nullptr;
        std::size_t length = 0;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_encoded_sliver(
                handle_.get(), detail::number_of(along), pair, &data, &length, reason);
        });
        return {data, length};
    }

    /// Returns the patches of an encoded quilt, which outlive the result. Throws error with
    /// status::not_found if the blob was not encoded as a quilt.
    quilt_patches patches() const {
        quilt_patches found;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_encoded_patches(
                handle_.get(), detail::receiving(found.handle_), reason);
        });
        return found;
    }

    /// Returns the directory that the slivers were written to. Throws error with status::not_found
    /// if the sink was of another kind.
    std::filesystem::path path() const { return written().first; }

    /// Returns true if the directory had exactly these files before and was left as it was. Throws
    /// as path().
    bool was_already_there() const { return written().second; }

  private:
    template <class Value> friend class detail::errand;

    explicit encoded(detail::encoded_handle &&handle) : handle_(std::move(handle)) {}

    std::pair<std::filesystem::path, bool> written() const {
        const char *path = nullptr;
        std::uint32_t already_there = 0;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_encoded_directory(handle_.get(), &path, &already_there, reason);
        });
        return {detail::path_from(path), already_there != 0};
    }

    detail::encoded_handle handle_;
};

/// Result of decoding: the positions of the used and of the damaged slivers, and the blob if the
/// library keeps it. A handle.
class decoded {
  public:
    /// Returns the blob that the library keeps. Throws error with status::not_found if the output
    /// was of another kind.
    span<const std::uint8_t> blob() const { return lent<std::uint8_t>(walrus_accel_decoded_blob); }

    /// Returns the axis of the slivers that the blob was decoded from.
    walrus_accel::axis axis() const {
        std::uint32_t found = 0;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_decoded_axis(handle_.get(), &found, reason);
        });
        return static_cast<walrus_accel::axis>(found);
    }

    /// Returns the positions in the request of the slivers that the blob was decoded from. For a
    /// directory, a position counts its files in the order of their names.
    span<const std::size_t> used() const { return lent<std::size_t>(walrus_accel_decoded_used); }

    /// Returns the positions of the slivers that were found damaged and not used. Decoding looks
    /// for damaged slivers only after a check has failed; runtime::verify finds all damaged
    /// slivers.
    span<const std::size_t> damaged() const {
        return lent<std::size_t>(walrus_accel_decoded_damaged);
    }

  private:
    template <class Value> friend class detail::errand;
    friend class reader;

    explicit decoded(detail::decoded_handle &&handle) : handle_(std::move(handle)) {}

    template <class T, class Function> span<const T> lent(Function function) const {
        const T *data = nullptr;
        std::size_t length = 0;
        detail::demand([&](walrus_accel_error **reason) {
            return function(handle_.get(), &data, &length, reason);
        });
        return {data, length};
    }

    detail::decoded_handle handle_;
};

/// Verdict on a sliver.
enum class verdict : std::uint8_t {
    /// The sliver belongs to the metadata.
    good = WALRUS_ACCEL_SLIVER_GOOD,
    /// The bytes are no BCS SliverData.
    malformed = WALRUS_ACCEL_SLIVER_MALFORMED,
    /// The index of the sliver is beyond the committee.
    wrong_index = WALRUS_ACCEL_SLIVER_WRONG_INDEX,
    /// The sliver has symbols of another size, or another number of symbols, than the slivers of
    /// the blob.
    wrong_size = WALRUS_ACCEL_SLIVER_WRONG_SIZE,
    /// The Merkle root of the expanded sliver differs from the root in the metadata: the bytes or
    /// the axis are wrong.
    wrong_root = WALRUS_ACCEL_SLIVER_WRONG_ROOT,
};

/// Verdict on a recovery symbol.
enum class symbol_verdict : std::uint8_t {
    /// The symbol was not checked.
    not_checked = 0,
    /// The symbol belongs to the metadata, at the place that it claims.
    good = WALRUS_ACCEL_SYMBOL_GOOD,
    /// The bytes are no symbol of the expected kind.
    malformed = WALRUS_ACCEL_SYMBOL_MALFORMED,
    /// The symbol recovers a sliver of the other axis.
    wrong_axis = WALRUS_ACCEL_SYMBOL_WRONG_AXIS,
    /// The symbol recovers another sliver.
    wrong_target = WALRUS_ACCEL_SYMBOL_WRONG_TARGET,
    /// The symbol claims a source sliver beyond the committee.
    wrong_source = WALRUS_ACCEL_SYMBOL_WRONG_SOURCE,
    /// The symbol has another size than the symbols of the blob.
    wrong_size = WALRUS_ACCEL_SYMBOL_WRONG_SIZE,
    /// The Merkle proof does not have the length of the path to the root.
    wrong_path_length = WALRUS_ACCEL_SYMBOL_WRONG_PATH_LENGTH,
    /// The Merkle proof does not lead to the root of the source sliver.
    wrong_proof = WALRUS_ACCEL_SYMBOL_WRONG_PROOF,
};

/// Kind of a symbol.
enum class symbol_kind : std::uint32_t {
    /// Symbol with the Merkle proof that leads to its sliver's root: BCS GeneralRecoverySymbol.
    recovery = WALRUS_ACCEL_SYMBOL_KIND_RECOVERY,
    /// Symbol without a Merkle proof: BCS DecodingSymbol.
    decoding = WALRUS_ACCEL_SYMBOL_KIND_DECODING,
};

/// Expanded sliver: all symbols of a sliver's codeword, and their Merkle tree. Each symbol helps to
/// recover a sliver of the other axis. With an expanded sliver at hand, serving a symbol costs a
/// copy. A handle.
class expanded {
  public:
    /// Returns the axis of the sliver. Its symbols recover slivers of the other axis.
    walrus_accel::axis axis() const {
        return static_cast<walrus_accel::axis>(told<std::uint32_t>(walrus_accel_expanded_axis));
    }

    /// Returns the index of the sliver along its axis.
    std::uint16_t index() const { return told<std::uint16_t>(walrus_accel_expanded_index); }

    /// Returns the size in bytes of the expanded sliver in memory.
    std::size_t memory() const { return told<std::size_t>(walrus_accel_expanded_memory); }

    /// Returns the Merkle root of the symbols, which equals the sliver's root in the metadata.
    hash root() const {
        hash root{};
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_expanded_root(handle_.get(), root.data(), reason);
        });
        return root;
    }

    /// Returns the symbol that recovers the other axis's sliver of a pair. Throws error with
    /// status::invalid_argument if the pair does not exist.
    std::vector<std::uint8_t> symbol(
        std::uint16_t pair, symbol_kind kind = symbol_kind::recovery) const {
        std::size_t length = 0;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_expanded_symbols_length(
                handle_.get(), static_cast<std::uint32_t>(kind), &pair, 1, &length, reason);
        });
        std::vector<std::uint8_t> bytes(length);
        (void)write(span<const std::uint16_t>(&pair, 1), bytes, kind);
        return bytes;
    }

    /// Writes the symbols for some pairs to a buffer of the caller, one after the other. The symbol
    /// length of the shape per pair is enough. Returns the end of each symbol, as an offset in the
    /// buffer. Throws error with status::invalid_argument if a pair does not exist or the buffer is
    /// too short.
    std::vector<std::size_t> write(span<const std::uint16_t> pairs, span<std::uint8_t> buffer,
        symbol_kind kind = symbol_kind::recovery) const {
        std::vector<std::size_t> ends(pairs.size());
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_expanded_symbols(handle_.get(), static_cast<std::uint32_t>(kind),
                pairs.data(), pairs.size(), buffer.data(), buffer.size(), ends.data(), reason);
        });
        return ends;
    }

  private:
    friend class runtime;

    expanded() = default;

    template <class T, class Function> T told(Function function) const {
        T found = 0;
        detail::demand(
            [&](walrus_accel_error **reason) { return function(handle_.get(), &found, reason); });
        return found;
    }

    detail::expanded_handle handle_;
};

/// Result of a recovery: a sliver, or the proof that the blob is inconsistent. A handle.
class recovered {
  public:
    /// Returns true for a sliver, and false for an inconsistency proof.
    bool is_sliver() const {
        std::uint32_t kind = 0;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_recovered_kind(handle_.get(), &kind, reason);
        });
        return kind == WALRUS_ACCEL_RECOVERED_SLIVER;
    }

    /// Returns the sliver, as BCS SliverData. The sliver belongs to the metadata. Throws error with
    /// status::not_found if the result is a proof.
    span<const std::uint8_t> sliver() const {
        return lent<std::uint8_t>(walrus_accel_recovered_sliver);
    }

    /// Returns the proof, as BCS InconsistencyProof. Throws error with status::not_found if the
    /// result is a sliver.
    span<const std::uint8_t> proof() const {
        return lent<std::uint8_t>(walrus_accel_recovered_proof);
    }

    /// Returns the positions of the used symbols. The list is empty for symbols without Merkle
    /// proofs.
    span<const std::size_t> used() const { return lent<std::size_t>(walrus_accel_recovered_used); }

    /// Returns the positions of the symbols that were found wrong, and their verdicts.
    std::vector<std::pair<std::size_t, symbol_verdict>> refused() const {
        const std::size_t *numbers = nullptr;
        const std::uint8_t *verdicts = nullptr;
        std::size_t count = 0;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_recovered_refused(
                handle_.get(), &numbers, &verdicts, &count, reason);
        });
        std::vector<std::pair<std::size_t, symbol_verdict>> told;
        told.reserve(count);
        for (std::size_t number = 0; number < count; ++number) {
            told.emplace_back(numbers[number], static_cast<symbol_verdict>(verdicts[number]));
        }
        return told;
    }

  private:
    friend class runtime;

    recovered() = default;

    template <class T, class Function> span<const T> lent(Function function) const {
        const T *data = nullptr;
        std::size_t length = 0;
        detail::demand([&](walrus_accel_error **reason) {
            return function(handle_.get(), &data, &length, reason);
        });
        return {data, length};
    }

    detail::recovered_handle handle_;
};

/// Verdict on an inconsistency proof.
enum class proof_verdict : std::uint32_t {
    /// The blob was encoded inconsistently.
    proven = WALRUS_ACCEL_PROOF_PROVEN,
    /// The bytes are no BCS InconsistencyProof.
    malformed = WALRUS_ACCEL_PROOF_MALFORMED,
    /// The target is beyond the committee.
    wrong_target = WALRUS_ACCEL_PROOF_WRONG_TARGET,
    /// The number of symbols differs from the number that recovers a sliver.
    wrong_count = WALRUS_ACCEL_PROOF_WRONG_COUNT,
    /// Two symbols come from one sliver.
    repeated_source = WALRUS_ACCEL_PROOF_REPEATED_SOURCE,
    /// A symbol does not belong to the metadata.
    wrong_symbol = WALRUS_ACCEL_PROOF_WRONG_SYMBOL,
    /// The sliver that the symbols recover belongs to the metadata: the proof shows no
    /// inconsistency.
    consistent = WALRUS_ACCEL_PROOF_CONSISTENT,
};

/// Verdict on an inconsistency proof, and the wrong symbol.
struct proof_finding {
    /// Verdict on the proof.
    proof_verdict verdict = proof_verdict::malformed;
    /// Position of the wrong symbol, if a symbol is wrong.
    std::size_t symbol = 0;
    /// Verdict on the wrong symbol, if it does not belong to the metadata.
    walrus_accel::symbol_verdict symbol_verdict = walrus_accel::symbol_verdict::not_checked;
};

/// Outcome of adding a sliver to a reader.
enum class outcome : std::uint32_t {
    /// The sliver is good, and the reader keeps a copy of it.
    kept = WALRUS_ACCEL_ADDED_KEPT,
    /// The sliver is not needed. It may not have been verified.
    surplus = WALRUS_ACCEL_ADDED_SURPLUS,
    /// The sliver does not belong to the blob.
    damaged = WALRUS_ACCEL_ADDED_DAMAGED,
};

/// Result of adding a sliver to a reader.
struct added {
    walrus_accel::outcome outcome = walrus_accel::outcome::surplus;
    /// Verdict on a damaged sliver.
    walrus_accel::verdict verdict = walrus_accel::verdict::good;
};

/// Sliver that a reader has seen.
struct seen_sliver {
    /// Axis of the sliver.
    walrus_accel::axis axis = walrus_accel::axis::primary;
    /// Index along the axis. A damaged sliver may claim any index.
    std::uint16_t index = 0;
    /// Verdict on a damaged sliver, the latest one with this axis and index.
    walrus_accel::verdict verdict = walrus_accel::verdict::good;
};

/// Slivers that a reader has seen so far, in the order of axes and indices.
struct reader_report {
    /// Kept slivers.
    std::vector<seen_sliver> kept;
    /// Damaged slivers.
    std::vector<seen_sliver> damaged;
    /// Surplus slivers.
    std::vector<seen_sliver> surplus;
};

/// Kind of a problem with a file.
enum class problem_kind : std::uint32_t {
    /// The file is missing.
    missing = WALRUS_ACCEL_PROBLEM_MISSING,
    /// The file has wrong content.
    damaged = WALRUS_ACCEL_PROBLEM_DAMAGED,
    /// The file does not belong to the directory.
    foreign = WALRUS_ACCEL_PROBLEM_FOREIGN,
};

/// Problem with a file.
struct problem {
    /// Path of the file. A foreign file can have any name.
    std::filesystem::path path;
    /// Description of the problem, in UTF-8.
    std::string reason;
    /// Kind of the problem.
    problem_kind kind = problem_kind::missing;
};

/// Problems that were found in a directory of slivers.
struct directory_report {
    /// Number of files that were checked.
    std::size_t checked = 0;
    /// Problems; empty if there is none.
    std::vector<problem> problems;
};

/// Way to verify a directory of slivers.
enum class scrutiny : std::uint32_t {
    /// Verifies every sliver against the metadata.
    full = 0,
    /// Compares every file with the manifest, which finds damage since the manifest was written, as
    /// fast as the files can be read.
    quick = 1,
};

// -------------------------------------------------------------------------------------------------
// State of a call or a job until it has ended
// -------------------------------------------------------------------------------------------------

namespace detail {

/// Source in the library's form. It must not move: the library has its address.
struct held_source {
    held_source(source given, first_exception &thrown)
        : source_(std::move(given)), thrown_(thrown) {
        told.kind = source_.kind_;
        told.descriptor = source_.descriptor_;
        told.data = source_.blob_.data();
        told.length = source_.length_;
        told.path = source_.path_.c_str();
        told.read = &read;
        told.user_data = this;
    }
    held_source(const held_source &) = delete;
    held_source &operator=(const held_source &) = delete;

    walrus_accel_source told = WALRUS_ACCEL_SOURCE_INIT;

  private:
    static std::int32_t read(
        std::uint64_t offset, std::uint8_t *out, std::size_t length, void *user_data) noexcept {
        auto &self = *static_cast<held_source *>(user_data);
        return answer(self.thrown_,
            [&] { return self.source_.read_(offset, span<std::uint8_t>(out, length)); });
    }

    source source_;
    first_exception &thrown_;
};

/// Sink in the library's form.
struct held_sink {
    held_sink(sink given, first_exception &thrown) : sink_(std::move(given)), thrown_(thrown) {
        for (const auto &buffer : sink_.buffers_) {
            buffers_.push_back({buffer.data(), buffer.size()});
        }
        told.kind = sink_.kind_;
        told.replace = sink_.replace_ ? 1 : 0;
        if (sink_.kind_ == WALRUS_ACCEL_SINK_BUFFERS) {
            told.buffers = buffers_.data();
            told.buffer_count = buffers_.size();
        } else if (sink_.kind_ == WALRUS_ACCEL_SINK_DIRECTORY) {
            told.path = sink_.path_.c_str();
        } else if (sink_.kind_ == WALRUS_ACCEL_SINK_CALLBACK) {
            told.write = &write;
        }
        told.user_data = this;
    }
    held_sink(const held_sink &) = delete;
    held_sink &operator=(const held_sink &) = delete;

    walrus_accel_sink told = WALRUS_ACCEL_SINK_INIT;

  private:
    static std::int32_t write(const walrus_accel_piece *given, void *user_data) noexcept {
        auto &self = *static_cast<held_sink *>(user_data);
        return answer(self.thrown_, [&] {
            piece one;
            one.bytes = {given->data, given->length};
            one.offset = given->offset;
            one.sliver_length = given->sliver_length;
            one.axis = static_cast<axis>(given->axis);
            one.pair = given->pair;
            one.index = given->index;
            return self.sink_.write_(one);
        });
    }

    sink sink_;
    first_exception &thrown_;
    std::vector<walrus_accel_buffer> buffers_;
};

/// Converts the fields that requests share to the library's form.
struct requesting {
    static const walrus_accel_metadata *blob(const metadata &given) noexcept {
        return given.handle_.get();
    }

    static std::vector<walrus_accel_sliver> slivers(const std::vector<sliver> &given) {
        std::vector<walrus_accel_sliver> told;
        told.reserve(given.size());
        for (const auto &one : given) {
            told.push_back(
                {one.bytes.data(), one.bytes.size(), static_cast<std::uint32_t>(one.axis)});
        }
        return told;
    }

    static std::uint32_t axis_or_any(const std::optional<axis> &given) noexcept {
        return given ? number_of(*given) : WALRUS_ACCEL_AXIS_ANY;
    }

    template <class Request>
    static void pairs(
        const std::optional<std::vector<std::uint16_t>> &given, Request &told) noexcept {
        if (given) {
            told.pairs = given->data();
            told.pair_count = given->size();
            told.pair_choice = WALRUS_ACCEL_PAIRS_LISTED;
        }
    }

    template <class Request>
    static void from(
        const sliver_set &given, const std::vector<walrus_accel_sliver> &slivers, Request &told) {
        if (given.directory_) {
            told.directory = given.directory_->c_str();
        } else {
            told.slivers = slivers.data();
            told.sliver_count = slivers.size();
        }
    }

    static const std::vector<sliver> &memory(const sliver_set &given) noexcept {
        return given.slivers_;
    }

    static walrus_accel_sliver one(const sliver &given) noexcept {
        return {given.bytes.data(), given.bytes.size(), number_of(given.axis)};
    }

    static std::vector<walrus_accel_symbol> symbols(span<const span<const std::uint8_t>> given) {
        std::vector<walrus_accel_symbol> told;
        told.reserve(given.size());
        for (const auto &bytes : given) { told.push_back({bytes.data(), bytes.size()}); }
        return told;
    }

    template <class Request>
    static void recovering(const metadata &of, const target &wanted,
        const std::vector<walrus_accel_symbol> &symbols, Request &told) noexcept {
        told.metadata = blob(of);
        told.symbols = symbols.data();
        told.symbol_count = symbols.size();
        told.axis = number_of(wanted.axis);
        told.target = wanted.pair;
    }

    static const std::string &identifier(const quilt_entry &given) noexcept {
        return given.identifier_;
    }

    static const source &content(const quilt_entry &given) noexcept { return given.content_; }

    static std::vector<walrus_accel_quilt_tag> tags(const quilt_entry &given) {
        std::vector<walrus_accel_quilt_tag> told;
        told.reserve(given.tags_.size());
        for (const auto &one : given.tags_) { told.push_back(tag(one)); }
        return told;
    }

    static walrus_accel_quilt_tag tag(const quilt_tag &given) noexcept {
        return {given.key.data(), given.key.size(), given.value.data(), given.value.size()};
    }

    static const walrus_accel_quilt_patches *list(const quilt_patches &given) noexcept {
        return given.handle_.get();
    }

    template <class Request> static void to(const output &given, Request &told) noexcept {
        told.output_kind = given.kind_;
        told.output = given.buffer_.data();
        told.output_length = given.buffer_.size();
        if (given.kind_ == WALRUS_ACCEL_OUTPUT_FILE) { told.output_path = given.path_.c_str(); }
    }
};

/// End of a job: calls the completion.
class ending : public std::enable_shared_from_this<ending> {
  public:
    ending() = default;
    ending(const ending &) = delete;
    ending &operator=(const ending &) = delete;
    virtual ~ending() = default;

    /// Stores the completion before the job is submitted. Returns the function for the library to
    /// call; null without a completion.
    walrus_accel_ended_function prepare(std::function<void()> completed) {
        completed_ = std::move(completed);
        has_returned_ = !completed_;
        return completed_ ? &ended : nullptr;
    }

    /// Waits until the completion has returned, so that its exception is known, unless the
    /// completion itself makes this call.
    void await_return() const {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(
            lock, [this] { return has_returned_ || caller_ == std::this_thread::get_id(); });
    }

  protected:
    /// Returns the `user_data` of the function that prepare() returns.
    void *user_data() noexcept { return this; }

    first_exception thrown_;

  private:
    static void ended(void *user_data) noexcept {
        // The callable may destroy the job, which is the other owner.
        const auto self = static_cast<ending *>(user_data)->shared_from_this();
        {
            const std::lock_guard<std::mutex> lock(self->mutex_);
            self->caller_ = std::this_thread::get_id();
        }
        try {
            self->completed_();
        } catch (...) { self->thrown_.keep(std::current_exception()); }
        const std::lock_guard<std::mutex> lock(self->mutex_);
        self->has_returned_ = true;
        self->changed_.notify_all();
    }

    std::function<void()> completed_;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::thread::id caller_;
    bool has_returned_ = true;
};

/// Call or job that gives a value. It owns the memory that the library uses until the work has
/// ended.
template <class Value> class errand : public ending {
  public:
    using value_type = Value;

    /// Takes the result of a job.
    virtual walrus_accel_status take(const walrus_accel_job *job, walrus_accel_error **reason) = 0;

    /// Returns the value of the call, or of take().
    virtual Value value() = 0;

    /// Returns the result of a call, or of take(). `reason` is its failure, if any.
    result<Value> conclude(std::optional<failure> reason) {
        const auto thrown = thrown_.get();
        if (!reason && !thrown) { return value(); }
        if (!reason) {
            reason = failure{status::callback_failed, "the completion threw an exception", nullptr};
        }
        reason->cause = thrown;
        return std::move(*reason);
    }

  protected:
    template <class Handle> static Value owner(Handle &handle) { return Value(std::move(handle)); }
};

/// Common part of encoding and rebuilding.
class giving_slivers : public errand<encoded> {
  public:
    walrus_accel_status take(const walrus_accel_job *job, walrus_accel_error **reason) override {
        return walrus_accel_job_take_encoded(job, receiving(handle_), reason);
    }

    encoded value() override { return owner(handle_); }

  protected:
    encoded_handle handle_;
};

class encoding final : public giving_slivers {
  public:
    using request_type = encode_request;
    using result_type = walrus_accel_encode_result;

    explicit encoding(const encode_request &request)
        : source_(request.blob, thrown_), sink_(request.slivers, thrown_), pairs_(request.pairs) {
        told.source = &source_.told;
        told.sink = &sink_.told;
        requesting::pairs(pairs_, told);
        told.commitment = static_cast<std::uint32_t>(request.commitment);
        told.n_shards = request.n_shards;
    }

    walrus_accel_status run(const walrus_accel_runtime *runtime, const walrus_accel_control *by,
        walrus_accel_error **reason) {
        return walrus_accel_encode(runtime, &told, by, receiving(handle_), reason);
    }

    walrus_accel_status submit(const walrus_accel_runtime *runtime,
        walrus_accel_ended_function tell, walrus_accel_job **job, walrus_accel_error **reason) {
        return walrus_accel_submit_encode(runtime, &told, tell, user_data(), job, reason);
    }

    static constexpr auto run_batch = walrus_accel_encode_batch;

    void receive(const result_type &found) { handle_.reset(found.encoded); }

    walrus_accel_encode_request told = WALRUS_ACCEL_ENCODE_REQUEST_INIT;

  private:
    held_source source_;
    held_sink sink_;
    std::optional<std::vector<std::uint16_t>> pairs_;
};

class quilt_encoding final : public giving_slivers {
  public:
    using request_type = encode_quilt_request;
    using result_type = walrus_accel_encode_result;

    explicit quilt_encoding(const encode_quilt_request &request)
        : given_(request.entries), sink_(request.slivers, thrown_), pairs_(request.pairs) {
        for (const auto &entry : given_) {
            sources_.push_back(std::make_unique<held_source>(requesting::content(entry), thrown_));
            tags_.push_back(requesting::tags(entry));
            walrus_accel_quilt_entry one = WALRUS_ACCEL_QUILT_ENTRY_INIT;
            one.identifier = requesting::identifier(entry).c_str();
            one.tags = tags_.back().data();
            one.tag_count = tags_.back().size();
            one.source = &sources_.back()->told;
            entries_.push_back(one);
        }
        told.entries = entries_.data();
        told.entry_count = entries_.size();
        told.sink = &sink_.told;
        requesting::pairs(pairs_, told);
        told.commitment = static_cast<std::uint32_t>(request.commitment);
        told.n_shards = request.n_shards;
    }

    walrus_accel_status run(const walrus_accel_runtime *runtime, const walrus_accel_control *by,
        walrus_accel_error **reason) {
        return walrus_accel_encode_quilt(runtime, &told, by, receiving(handle_), reason);
    }

    walrus_accel_status submit(const walrus_accel_runtime *runtime,
        walrus_accel_ended_function tell, walrus_accel_job **job, walrus_accel_error **reason) {
        return walrus_accel_submit_encode_quilt(runtime, &told, tell, user_data(), job, reason);
    }

    static constexpr auto run_batch = walrus_accel_encode_quilt_batch;

    void receive(const result_type &found) { handle_.reset(found.encoded); }

    walrus_accel_encode_quilt_request told = WALRUS_ACCEL_ENCODE_QUILT_REQUEST_INIT;

  private:
    std::vector<quilt_entry> given_;
    std::vector<std::unique_ptr<held_source>> sources_;
    // The vectors inside keep their addresses when the outer vector grows.
    std::vector<std::vector<walrus_accel_quilt_tag>> tags_;
    std::vector<walrus_accel_quilt_entry> entries_;
    held_sink sink_;
    std::optional<std::vector<std::uint16_t>> pairs_;
};

/// Blob that a quilt reader and its jobs read.
struct held_blob {
    explicit held_blob(std::optional<source> given) {
        if (given) { blob.emplace(std::move(*given), thrown); }
    }

    first_exception thrown;
    std::optional<held_source> blob;
};

/// Common part of the work of a quilt reader.
template <class Value> class quilt_reading : public errand<Value> {
  protected:
    explicit quilt_reading(std::shared_ptr<held_blob> from) : from_(std::move(from)) {}

    /// Takes over the exception of the reader's callable, if it is the reason of a failure.
    walrus_accel_status explained(walrus_accel_status value) {
        const auto thrown = from_->thrown.get();
        if (value == WALRUS_ACCEL_CALLBACK_FAILED && thrown) { this->thrown_.keep(thrown); }
        return value;
    }

  private:
    std::shared_ptr<held_blob> from_;
};

class patch_reading final : public quilt_reading<quilt_content> {
  public:
    patch_reading(std::shared_ptr<held_blob> from, const quilt_patches &patches,
        std::size_t position, const output &to)
        : quilt_reading(std::move(from)), to_(to) {
        told_.patches = requesting::list(patches);
        told_.position = position;
        requesting::to(to_, told_);
    }

    walrus_accel_status run(const walrus_accel_quilt_reader *reader, const walrus_accel_control *by,
        walrus_accel_error **reason) {
        return explained(
            walrus_accel_quilt_reader_read(reader, &told_, by, receiving(handle_), reason));
    }

    walrus_accel_status submit(const walrus_accel_quilt_reader *reader,
        walrus_accel_ended_function tell, walrus_accel_job **job, walrus_accel_error **reason) {
        return walrus_accel_submit_quilt_read(reader, &told_, tell, user_data(), job, reason);
    }

    walrus_accel_status take(const walrus_accel_job *job, walrus_accel_error **reason) override {
        return explained(walrus_accel_job_take_quilt_content(job, receiving(handle_), reason));
    }

    quilt_content value() override { return owner(handle_); }

  private:
    walrus_accel_quilt_reader_read_request told_ = WALRUS_ACCEL_QUILT_READER_READ_REQUEST_INIT;
    output to_;
    quilt_content_handle handle_;
};

class quilt_extracting final : public quilt_reading<done> {
  public:
    quilt_extracting(std::shared_ptr<held_blob> from, const quilt_patches &patches,
        const std::filesystem::path &directory, bool replace)
        : quilt_reading(std::move(from)), directory_(c_path(directory, "directory")) {
        told_.patches = requesting::list(patches);
        told_.directory = directory_.c_str();
        told_.replace = replace ? 1 : 0;
    }

    walrus_accel_status run(const walrus_accel_quilt_reader *reader, const walrus_accel_control *by,
        walrus_accel_error **reason) {
        return explained(walrus_accel_quilt_reader_extract(reader, &told_, by, reason));
    }

    walrus_accel_status submit(const walrus_accel_quilt_reader *reader,
        walrus_accel_ended_function tell, walrus_accel_job **job, walrus_accel_error **reason) {
        return walrus_accel_submit_quilt_extract(reader, &told_, tell, user_data(), job, reason);
    }

    walrus_accel_status take(const walrus_accel_job *job, walrus_accel_error **reason) override {
        return explained(walrus_accel_job_result(job, reason));
    }

    done value() override { return {}; }

  private:
    walrus_accel_quilt_reader_extract_request told_ =
        WALRUS_ACCEL_QUILT_READER_EXTRACT_REQUEST_INIT;
    std::string directory_;
};

class quilt_checking final : public quilt_reading<done> {
  public:
    explicit quilt_checking(std::shared_ptr<held_blob> from) : quilt_reading(std::move(from)) {}

    walrus_accel_status run(const walrus_accel_quilt_reader *reader, const walrus_accel_control *by,
        walrus_accel_error **reason) {
        return explained(walrus_accel_quilt_reader_check(reader, by, reason));
    }

    walrus_accel_status submit(const walrus_accel_quilt_reader *reader,
        walrus_accel_ended_function tell, walrus_accel_job **job, walrus_accel_error **reason) {
        return walrus_accel_submit_quilt_check(reader, tell, user_data(), job, reason);
    }

    walrus_accel_status take(const walrus_accel_job *job, walrus_accel_error **reason) override {
        return explained(walrus_accel_job_result(job, reason));
    }

    done value() override { return {}; }
};

class rebuilding final : public giving_slivers {
  public:
    using request_type = rebuild_request;

    explicit rebuilding(const rebuild_request &request)
        : from_(request.from), slivers_(requesting::slivers(requesting::memory(from_))),
          sink_(request.to, thrown_), pairs_(request.pairs) {
        told_.metadata = requesting::blob(request.blob);
        requesting::from(from_, slivers_, told_);
        requesting::pairs(pairs_, told_);
        told_.sink = &sink_.told;
        told_.axis = requesting::axis_or_any(request.axis);
    }

    walrus_accel_status run(const walrus_accel_runtime *runtime, const walrus_accel_control *by,
        walrus_accel_error **reason) {
        return walrus_accel_rebuild(runtime, &told_, by, receiving(handle_), reason);
    }

    walrus_accel_status submit(const walrus_accel_runtime *runtime,
        walrus_accel_ended_function tell, walrus_accel_job **job, walrus_accel_error **reason) {
        return walrus_accel_submit_rebuild(runtime, &told_, tell, user_data(), job, reason);
    }

  private:
    walrus_accel_rebuild_request told_ = WALRUS_ACCEL_REBUILD_REQUEST_INIT;
    sliver_set from_;
    std::vector<walrus_accel_sliver> slivers_;
    held_sink sink_;
    std::optional<std::vector<std::uint16_t>> pairs_;
};

class decoding final : public errand<decoded> {
  public:
    using request_type = decode_request;
    using result_type = walrus_accel_decode_result;

    explicit decoding(const decode_request &request)
        : from_(request.slivers), slivers_(requesting::slivers(requesting::memory(from_))),
          to_(request.to) {
        told.metadata = requesting::blob(request.blob);
        requesting::from(from_, slivers_, told);
        told.axis = requesting::axis_or_any(request.axis);
        told.check = static_cast<std::uint32_t>(request.check);
        requesting::to(to_, told);
    }

    walrus_accel_status run(const walrus_accel_runtime *runtime, const walrus_accel_control *by,
        walrus_accel_error **reason) {
        return walrus_accel_decode(runtime, &told, by, receiving(handle_), reason);
    }

    walrus_accel_status submit(const walrus_accel_runtime *runtime,
        walrus_accel_ended_function tell, walrus_accel_job **job, walrus_accel_error **reason) {
        return walrus_accel_submit_decode(runtime, &told, tell, user_data(), job, reason);
    }

    walrus_accel_status take(const walrus_accel_job *job, walrus_accel_error **reason) override {
        return walrus_accel_job_take_decoded(job, receiving(handle_), reason);
    }

    decoded value() override { return owner(handle_); }

    static constexpr auto run_batch = walrus_accel_decode_batch;

    void receive(const result_type &found) { handle_.reset(found.decoded); }

    walrus_accel_decode_request told = WALRUS_ACCEL_DECODE_REQUEST_INIT;

  private:
    sliver_set from_;
    std::vector<walrus_accel_sliver> slivers_;
    output to_;
    decoded_handle handle_;
};

class unchecked_decoding final : public errand<decoded> {
  public:
    using request_type = decode_unchecked_request;

    explicit unchecked_decoding(const decode_unchecked_request &request)
        : slivers_(requesting::slivers(request.slivers)), to_(request.to) {
        told_.slivers = slivers_.data();
        told_.sliver_count = slivers_.size();
        told_.unencoded_length = request.length;
        told_.n_shards = request.n_shards;
        told_.axis = requesting::axis_or_any(request.axis);
        requesting::to(to_, told_);
    }

    walrus_accel_status run(const walrus_accel_runtime *runtime, const walrus_accel_control *by,
        walrus_accel_error **reason) {
        return walrus_accel_decode_unchecked(runtime, &told_, by, receiving(handle_), reason);
    }

    walrus_accel_status submit(const walrus_accel_runtime *runtime,
        walrus_accel_ended_function tell, walrus_accel_job **job, walrus_accel_error **reason) {
        return walrus_accel_submit_decode_unchecked(
            runtime, &told_, tell, user_data(), job, reason);
    }

    walrus_accel_status take(const walrus_accel_job *job, walrus_accel_error **reason) override {
        return walrus_accel_job_take_decoded(job, receiving(handle_), reason);
    }

    decoded value() override { return owner(handle_); }

  private:
    walrus_accel_decode_unchecked_request told_ = WALRUS_ACCEL_DECODE_UNCHECKED_REQUEST_INIT;
    std::vector<walrus_accel_sliver> slivers_;
    output to_;
    decoded_handle handle_;
};

class verifying final : public errand<std::vector<verdict>> {
  public:
    using request_type = verify_request;

    explicit verifying(const verify_request &request)
        : slivers_(requesting::slivers(request.slivers)),
          verdicts_(slivers_.size(), verdict::malformed) {
        told_.metadata = requesting::blob(request.blob);
        told_.slivers = slivers_.data();
        told_.sliver_count = slivers_.size();
        // The enumeration has the values of the bytes that the library writes.
        told_.verdicts = reinterpret_cast<std::uint8_t *>(verdicts_.data());
        told_.verdict_count = verdicts_.size();
    }

    walrus_accel_status run(const walrus_accel_runtime *runtime, const walrus_accel_control *by,
        walrus_accel_error **reason) {
        return walrus_accel_verify(runtime, &told_, by, reason);
    }

    walrus_accel_status submit(const walrus_accel_runtime *runtime,
        walrus_accel_ended_function tell, walrus_accel_job **job, walrus_accel_error **reason) {
        return walrus_accel_submit_verify(runtime, &told_, tell, user_data(), job, reason);
    }

    walrus_accel_status take(const walrus_accel_job *job, walrus_accel_error **reason) override {
        return walrus_accel_job_result(job, reason);
    }

    std::vector<verdict> value() override { return std::move(verdicts_); }

  private:
    walrus_accel_verify_request told_ = WALRUS_ACCEL_VERIFY_REQUEST_INIT;
    std::vector<walrus_accel_sliver> slivers_;
    std::vector<verdict> verdicts_;
};

} // namespace detail

// -------------------------------------------------------------------------------------------------
// Jobs
// -------------------------------------------------------------------------------------------------

/// State of a job.
enum class job_state : std::uint32_t {
    /// The job waits for other jobs to end.
    queued = WALRUS_ACCEL_JOB_QUEUED,
    /// The job runs.
    running = WALRUS_ACCEL_JOB_RUNNING,
    /// The job has ended, with or without success.
    ended = WALRUS_ACCEL_JOB_ENDED,
};

/// Work that runs while its caller does something else. T is encoded, decoded, quilt_content, done
/// or std::vector<verdict>. A handle, which keeps callables and the values that the request owns
/// until the job has ended. Spans in the request must stay valid until then.
///
/// The destructor of a job that has not ended cancels the job and waits for its end. After the
/// destructor, the library uses no memory of the caller for the job, and the completion has
/// returned, unless the completion destroys the job.
template <class T> class job {
  public:
    job(job &&) noexcept = default;

    job &operator=(job &&other) noexcept {
        // The old job ends before the objects that it needs: they are destroyed together.
        job gone(std::move(other));
        std::swap(errand_, gone.errand_);
        std::swap(handle_, gone.handle_);
        std::swap(was_taken_, gone.was_taken_);
        return *this;
    }

    /// Returns the state of the job, without waiting.
    job_state state() const {
        std::uint32_t found = 0;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_job_poll(handle_.get(), &found, reason);
        });
        return static_cast<job_state>(found);
    }

    /// Waits until the job has ended, with or without success.
    void wait() const {
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_job_wait(handle_.get(), WALRUS_ACCEL_FOREVER, reason);
        });
    }

    /// Waits until the job has ended, for at most `longest`, rounded up to milliseconds. Returns
    /// true if the job has ended.
    template <class Rep, class Period>
    bool wait_for(const std::chrono::duration<Rep, Period> &longest) const {
        const auto reason = detail::attempt([&](walrus_accel_error **place) {
            return walrus_accel_job_wait(handle_.get(), milliseconds(longest), place);
        });
        if (reason && reason->status != status::timed_out) { reason->raise(); }
        return !reason;
    }

    /// Returns the progress of the job.
    walrus_accel::progress progress() const {
        walrus_accel::progress told;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_job_progress(handle_.get(), &told.done, &told.total, reason);
        });
        return told;
    }

    /// Returns the name of the engine that runs or ran the job: "cpu", "gpu" or "reference"; empty
    /// before an engine starts.
    std::string_view engine() const {
        const char *name = nullptr;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_job_engine(handle_.get(), &name, reason);
        });
        return name == nullptr ? std::string_view() : std::string_view(name);
    }

    /// Cancels the job, without waiting for its end. A running job finishes its current piece of
    /// work and ends with status::cancelled; a queued job ends at once. A job that has ended stays
    /// as it is.
    void cancel() const {
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_job_cancel(handle_.get(), reason);
        });
    }

    /// Waits until the job has ended and the completion has returned, and takes the result. The
    /// result can be taken once. Throws the exceptions of the blocking call and of the completion,
    /// and error with status::not_found if the result was taken before.
    T get() { return try_get().value(); }

    /// Does as get, without exceptions.
    result<T> try_get() {
        auto reason = detail::attempt([&](walrus_accel_error **place) {
            return walrus_accel_job_wait(handle_.get(), WALRUS_ACCEL_FOREVER, place);
        });
        if (reason) { return std::move(*reason); }
        if (was_taken_) {
            return failure{status::not_found, "the job's result was taken before", nullptr};
        }
        errand_->await_return();
        reason = detail::attempt(
            [&](walrus_accel_error **place) { return errand_->take(handle_.get(), place); });
        was_taken_ = !reason;
        return errand_->conclude(std::move(reason));
    }

  private:
    friend class runtime;
    friend class quilt_reader;

    job(std::shared_ptr<detail::errand<T>> errand, detail::job_handle handle) noexcept
        : errand_(std::move(errand)), handle_(std::move(handle)) {}

    /// Returns the milliseconds of a duration, rounded up, so that a wait is never shorter than
    /// asked for.
    template <class Rep, class Period>
    static std::uint64_t milliseconds(const std::chrono::duration<Rep, Period> &longest) {
        using exact = std::chrono::duration<long double, std::milli>;
        const auto wanted = std::chrono::duration_cast<exact>(longest).count();
        if (!(wanted > 0)) { return 0; }
        constexpr long double most = 1e18L; // Some 30 million years.
        if (wanted >= most) { return WALRUS_ACCEL_FOREVER; }
        const auto whole = static_cast<std::uint64_t>(wanted);
        return static_cast<long double>(whole) < wanted ? whole + 1 : whole;
    }

    // The order matters: the handle is destroyed first, and with it the job, which needs the other
    // members until it has ended.
    std::shared_ptr<detail::errand<T>> errand_;
    detail::job_handle handle_;
    bool was_taken_ = false;
};

// -------------------------------------------------------------------------------------------------
// Runtimes
// -------------------------------------------------------------------------------------------------

/// Implementation of encoding and decoding.
enum class engine : std::uint32_t {
    /// For each job, the engine that is expected to finish first.
    automatic = WALRUS_ACCEL_ENGINE_AUTO,
    /// The CPU, with its widest vectors.
    cpu = WALRUS_ACCEL_ENGINE_CPU,
    /// A device, and the CPU if the device fails.
    gpu = WALRUS_ACCEL_ENGINE_GPU,
    /// One thread, one hash at a time, the whole blob in memory: the oracle for the other engines.
    reference = WALRUS_ACCEL_ENGINE_REFERENCE,
};

/// Options of a runtime.
struct runtime_options {
    /// Engine.
    walrus_accel::engine engine = walrus_accel::engine::automatic;
    /// Number of the engine's worker threads; 0 for one per core.
    std::uint32_t threads = 0;
    /// Memory limit in bytes: working memory of each job and each call; 0 for 1 GiB. The caller's
    /// memory and the results come on top. A narrow limit costs time.
    std::uint64_t memory = 0;
    /// Limit in bytes of the memory that the library takes on a device; 0 for half of the device's
    /// memory.
    std::uint64_t device_memory = 0;
    /// Device: its number, or a part of its name, as devices() gives them. Empty for the device
    /// that the environment variable WALRUS_ACCEL_DEVICE names, or else the most capable device.
    std::string device;
    /// Name of an instruction set, such as "portable" or "avx2". Empty for the set that the
    /// environment variable WALRUS_ACCEL_ISA names, or else the fastest set.
    std::string instruction_set;
    /// Number of jobs, and of blobs of a batch, that run at once; 0 for 2. Further jobs wait in
    /// order.
    std::uint32_t max_jobs = 0;
    /// True if the CPU continues a job whose device fails.
    bool cpu_fallback = true;
    /// True if the results of a device are checked.
    bool device_check = true;
};

/// Collects the slivers of a blob until one axis has enough of them to decode the blob;
/// runtime::reader makes it. A reader verifies each sliver once; it reports damaged and surplus
/// slivers, and does not keep them. A handle, whose member functions may run on all threads at the
/// same time, and which keeps the parts of the runtime that it needs.
class reader {
  public:
    /// Adds slivers, of both axes in any order, and returns one result per sliver. The reader
    /// verifies the needed slivers together, which is faster than one by one, and copies them.
    /// `by`: as in runtime::encode. Throws error with the statuses of walrus_accel_reader_add. Some
    /// slivers may have been added then, which report() tells; adding them again does no harm.
    std::vector<added> add(span<const sliver> slivers, control_ref by = {}) const {
        demand(by);
        std::vector<walrus_accel_sliver> given;
        given.reserve(slivers.size());
        for (const auto &one : slivers) { given.push_back(detail::requesting::one(one)); }
        std::vector<walrus_accel_added> found(given.size());
        walrus_accel_reader_add_request request = WALRUS_ACCEL_READER_ADD_REQUEST_INIT;
        request.slivers = given.data();
        request.sliver_count = given.size();
        request.added = found.data();
        request.added_count = found.size();
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_reader_add(handle_.get(), &request, by.get(), reason);
        });
        std::vector<added> told;
        told.reserve(found.size());
        for (const auto &one : found) {
            told.push_back({static_cast<outcome>(one.outcome), static_cast<verdict>(one.verdict)});
        }
        return told;
    }

    /// Returns the axis that has enough slivers to decode the blob; nothing if neither has.
    std::optional<axis> ready() const {
        std::uint32_t found = 0;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_reader_ready_axis(handle_.get(), &found, reason);
        });
        return found == 0 ? std::nullopt : std::optional<axis>(static_cast<axis>(found));
    }

    /// Returns the number of slivers of an axis that the reader still needs to decode the blob; 0
    /// if the blob can be decoded.
    std::size_t missing(axis along) const {
        std::size_t count = 0;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_reader_missing_count(
                handle_.get(), detail::number_of(along), &count, reason);
        });
        return count;
    }

    /// Returns the slivers that the reader has seen so far.
    walrus_accel::reader_report report() const {
        detail::reader_report_handle handle;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_reader_report_new(handle_.get(), detail::receiving(handle), reason);
        });
        std::size_t kept = 0, damaged = 0, surplus = 0;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_reader_report_counts(
                handle.get(), &kept, &damaged, &surplus, reason);
        });
        walrus_accel::reader_report told;
        told.kept = list(handle.get(), outcome::kept, kept);
        told.damaged = list(handle.get(), outcome::damaged, damaged);
        told.surplus = list(handle.get(), outcome::surplus, surplus);
        return told;
    }

    /// Decodes the blob from the slivers that the reader keeps. The slivers are not verified again.
    /// `by`: as in runtime::encode. Throws error with the statuses of walrus_accel_reader_read.
    decoded read(const output &to = output::library(), check how = check::standard,
        control_ref by = {}) const {
        demand(by);
        walrus_accel_reader_read_request request = WALRUS_ACCEL_READER_READ_REQUEST_INIT;
        request.check = static_cast<std::uint32_t>(how);
        detail::requesting::to(to, request);
        detail::decoded_handle handle;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_reader_read(
                handle_.get(), &request, by.get(), detail::receiving(handle), reason);
        });
        return decoded(std::move(handle));
    }

    /// Reads the bytes of the blob from `offset` on that fill `buffer`. Bytes in primary slivers
    /// that the reader keeps are copied, even if the reader has too few slivers to decode the blob.
    /// Otherwise, the call decodes only the rows or columns that hold the range. All slivers that
    /// are used were verified; the call does not check that the blob was encoded consistently,
    /// which read() does. `by`: as in runtime::encode. Throws error with the statuses of
    /// walrus_accel_reader_read_range.
    void read_range(std::uint64_t offset, span<std::uint8_t> buffer, control_ref by = {}) const {
        demand(by);
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_reader_read_range(
                handle_.get(), offset, buffer.data(), buffer.size(), by.get(), reason);
        });
    }

  private:
    friend class runtime;

    reader() = default;

    static void demand(const control_ref &by) {
        if (const auto reason = by.fault()) { reason->raise(); }
    }

    static std::vector<seen_sliver> list(
        const walrus_accel_reader_report *handle, outcome of, std::size_t count) {
        std::vector<seen_sliver> told;
        told.reserve(count);
        for (std::size_t number = 0; number < count; ++number) {
            walrus_accel_seen_sliver found = WALRUS_ACCEL_SEEN_SLIVER_INIT;
            detail::demand([&](walrus_accel_error **reason) {
                return walrus_accel_reader_report_get(
                    handle, static_cast<std::uint32_t>(of), number, &found, reason);
            });
            told.push_back(
                {static_cast<axis>(found.axis), found.index, static_cast<verdict>(found.verdict)});
        }
        return told;
    }

    detail::reader_handle handle_;
};

/// Finds and reads the patches of a quilt; runtime::quilt_reader makes it. A reader reads the index
/// once, and of a patch only the columns that hold it. Each column that comes from slivers is
/// verified against the metadata before it is used. A handle, whose const member functions may run
/// on all threads at the same time, and which keeps the parts of the runtime that it needs. The
/// bytes of its slivers or blob must stay valid until the reader is destroyed and its jobs have
/// ended.
class quilt_reader {
  public:
    /// Returns all patches, from the index. `by`: as in runtime::encode. Throws error with the
    /// statuses of walrus_accel_quilt_reader_patches, and the exceptions of callables.
    quilt_patches patches(control_ref by = {}) const {
        return found(by, [&](auto... arguments) {
            return walrus_accel_quilt_reader_patches(handle_.get(), arguments...);
        });
    }

    /// Returns the patches that have a tag, from the index. Failures as in patches().
    quilt_patches patches_with_tag(const quilt_tag &tag, control_ref by = {}) const {
        const walrus_accel_quilt_tag told = detail::requesting::tag(tag);
        return found(by, [&](auto... arguments) {
            return walrus_accel_quilt_reader_patches_with_tag(handle_.get(), &told, arguments...);
        });
    }

    /// Returns a list of the patch with an identifier, from the index. Throws error with
    /// status::not_found if the quilt has no such patch; otherwise failures as in patches().
    quilt_patches patch(const std::string &identifier, control_ref by = {}) const {
        const std::string text = detail::c_text(identifier, "identifier");
        return found(by, [&](auto... arguments) {
            return walrus_accel_quilt_reader_patch(handle_.get(), text.c_str(), arguments...);
        });
    }

    /// Returns a list of the patch with a patch ID, from the patch alone: the index is neither read
    /// nor needed. Throws error with status::not_found for a patch ID of another quilt; otherwise
    /// failures as in patches().
    quilt_patches patch(const quilt_patch_id &id, control_ref by = {}) const {
        const std::string text = id.text();
        return found(by, [&](auto... arguments) {
            return walrus_accel_quilt_reader_patch_by_id(handle_.get(), text.c_str(), arguments...);
        });
    }

    /// Reads the content of a patch. A buffer of output::memory may be longer than the content;
    /// quilt_content::length tells the end. `by`: as in runtime::encode. Throws error with the
    /// statuses of walrus_accel_quilt_reader_read, and the exceptions of callables.
    quilt_content read(const quilt_patches &patches, std::size_t position = 0,
        const output &to = output::library(), control_ref by = {}) const {
        return try_read(patches, position, to, by).value();
    }

    /// Does as read, without exceptions.
    result<quilt_content> try_read(const quilt_patches &patches, std::size_t position = 0,
        const output &to = output::library(), control_ref by = {}) const {
        return run<detail::patch_reading>(by, patches, position, to);
    }

    /// Writes patches to files below an existing directory. No file is outside of the directory,
    /// whatever the identifiers are, and no link below the directory is followed. Each file gets
    /// its name when it is complete. After a failure, files that are complete stay. `replace`:
    /// replaces regular files. Throws error with the statuses of
    /// walrus_accel_quilt_reader_extract, and the exceptions of callables.
    void extract(const quilt_patches &patches, const std::filesystem::path &directory,
        bool replace = false, control_ref by = {}) const {
        (void)run<detail::quilt_extracting>(by, patches, directory, replace).value();
    }

    /// Checks a whole quilt: the blob with check::strict, the index, every patch, and that all
    /// other bytes are zero. After this check, every reader of the quilt gets the same patches,
    /// whatever slivers it reads. A reader of a blob checks the quilt alone. Throws error with the
    /// statuses of walrus_accel_quilt_reader_check, and the exceptions of callables.
    void check(control_ref by = {}) const { (void)run<detail::quilt_checking>(by).value(); }

    /// Submits a job that reads the content of a patch, as read does, and returns at once.
    /// `completed` and failures: as in runtime::submit_encode.
    job<quilt_content> submit_read(const quilt_patches &patches, std::size_t position = 0,
        const output &to = output::library(), std::function<void()> completed = {}) const {
        return submit<detail::patch_reading>(std::move(completed), patches, position, to);
    }

    /// Submits a job that writes patches to files, as extract does, and returns at once.
    job<done> submit_extract(const quilt_patches &patches, const std::filesystem::path &directory,
        bool replace = false, std::function<void()> completed = {}) const {
        return submit<detail::quilt_extracting>(std::move(completed), patches, directory, replace);
    }

    /// Submits a job that checks a whole quilt, as check does, and returns at once.
    job<done> submit_check(std::function<void()> completed = {}) const {
        return submit<detail::quilt_checking>(std::move(completed));
    }

  private:
    friend class runtime;

    explicit quilt_reader(std::optional<source> blob)
        : from_(std::make_shared<detail::held_blob>(std::move(blob))) {}

    static void demand(const control_ref &by) {
        if (const auto reason = by.fault()) { reason->raise(); }
    }

    template <class Call> quilt_patches found(control_ref by, Call &&call) const {
        demand(by);
        quilt_patches list;
        auto reason = detail::attempt([&](walrus_accel_error **place) {
            detail::receiving patches(list.handle_);
            return call(by.get(), static_cast<walrus_accel_quilt_patches **>(patches), place);
        });
        if (reason && reason->status == status::callback_failed) {
            reason->cause = from_->thrown.get();
        }
        if (reason) { reason->raise(); }
        return list;
    }

    template <class Errand, class... Arguments>
    result<typename Errand::value_type> run(control_ref by, const Arguments &...arguments) const {
        if (auto reason = by.fault()) { return std::move(*reason); }
        Errand errand(from_, arguments...);
        return errand.conclude(detail::attempt([&](walrus_accel_error **place) {
            return errand.run(handle_.get(), by.get(), place);
        }));
    }

    template <class Errand, class... Arguments>
    job<typename Errand::value_type> submit(
        std::function<void()> completed, const Arguments &...arguments) const {
        auto errand = std::make_shared<Errand>(from_, arguments...);
        const auto ended = errand->prepare(std::move(completed));
        detail::job_handle handle;
        detail::demand([&](walrus_accel_error **reason) {
            return errand->submit(handle_.get(), ended, detail::receiving(handle), reason);
        });
        return {std::move(errand), std::move(handle)};
    }

    // The order matters: the handle is destroyed first, and the blob after it.
    std::shared_ptr<detail::held_blob> from_;
    detail::quilt_reader_handle handle_;
};

/// Engine choice, threads, device and memory limit, shared by jobs. A runtime takes some
/// milliseconds to make, and has as many threads as the machine has cores. Make one, share it
/// between all threads, and keep it for the life of the process. A handle. Its jobs continue when
/// it is destroyed.
class runtime {
  public:
    /// Makes a runtime. Throws error with status::other as check_abi; with status::invalid_argument
    /// for an option out of range; with status::engine_unavailable if the engine, device or
    /// instruction set is unavailable; with status::out_of_memory.
    explicit runtime(const runtime_options &options = {}) {
        check_abi();
        const std::string device = detail::c_text(options.device, "device");
        const std::string instruction_set =
            detail::c_text(options.instruction_set, "instruction_set");
        walrus_accel_runtime_options told = WALRUS_ACCEL_RUNTIME_OPTIONS_INIT;
        told.engine = static_cast<std::uint32_t>(options.engine);
        told.threads = options.threads;
        told.memory = options.memory;
        told.device_memory = options.device_memory;
        told.device = detail::or_null(device);
        told.instruction_set = detail::or_null(instruction_set);
        told.max_jobs = options.max_jobs;
        told.no_cpu_fallback = options.cpu_fallback ? 0 : 1;
        told.no_device_check = options.device_check ? 0 : 1;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_runtime_new(&told, detail::receiving(handle_), reason);
        });
    }

    /// Returns the name of the CPU engine's instruction set, such as "avx2", valid as long as the
    /// runtime.
    std::string_view instruction_set() const {
        const char *found = nullptr;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_runtime_instruction_set(handle_.get(), &found, reason);
        });
        return found;
    }

    /// Returns the reason why the runtime abandoned its device, if the device failed. The CPU has
    /// done the work since, and the results are correct all the same.
    std::optional<failure> device_fault() const {
        detail::error_handle fault;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_runtime_device_fault(
                handle_.get(), detail::receiving(fault), reason);
        });
        if (!fault) { return std::nullopt; }
        return detail::failure_from(walrus_accel_error_status(fault.get()), fault.get());
    }

    /// Encodes a blob, and returns when the blob is encoded. `by`: a control that observes and
    /// cancels the call from other threads. Throws error with the statuses of walrus_accel_encode,
    /// and the exceptions of callables.
    encoded encode(const encode_request &request, control_ref by = {}) const {
        return try_encode(request, by).value();
    }

    /// Does as encode, without exceptions.
    result<encoded> try_encode(const encode_request &request, control_ref by = {}) const {
        return run<detail::encoding>(request, by);
    }

    /// Encodes a quilt, and returns when the quilt is encoded; encoded::patches returns its
    /// patches. The quilt of given patches and shards has one blob ID. `by`: as in encode. Throws
    /// error with the statuses of walrus_accel_encode_quilt, and the exceptions of callables.
    encoded encode_quilt(const encode_quilt_request &request, control_ref by = {}) const {
        return try_encode_quilt(request, by).value();
    }

    /// Does as encode_quilt, without exceptions.
    result<encoded> try_encode_quilt(
        const encode_quilt_request &request, control_ref by = {}) const {
        return run<detail::quilt_encoding>(request, by);
    }

    /// Makes a reader of a quilt from slivers. The secondary slivers of the columns to read
    /// suffice; other slivers restore them. `by`: as in encode. Throws error with the statuses of
    /// walrus_accel_quilt_reader_new.
    walrus_accel::quilt_reader quilt_reader(
        const metadata &of, const sliver_set &given, control_ref by = {}) const {
        const auto slivers = detail::requesting::slivers(detail::requesting::memory(given));
        walrus_accel_quilt_reader_request told = WALRUS_ACCEL_QUILT_READER_REQUEST_INIT;
        told.metadata = detail::requesting::blob(of);
        detail::requesting::from(given, slivers, told);
        return read_by(walrus_accel::quilt_reader(std::nullopt), told, by);
    }

    /// Makes a reader of a quilt from its whole blob, which is trusted: only its length is compared
    /// with the metadata. Decode it with check::strict. `by` and failures: as for slivers.
    walrus_accel::quilt_reader quilt_reader(
        const metadata &of, source blob, control_ref by = {}) const {
        walrus_accel::quilt_reader made(std::move(blob));
        walrus_accel_quilt_reader_request told = WALRUS_ACCEL_QUILT_READER_REQUEST_INIT;
        told.metadata = detail::requesting::blob(of);
        told.blob = &made.from_->blob->told;
        return read_by(std::move(made), told, by);
    }

    /// Decodes a blob, and returns when the blob is decoded. `by`: as in encode. Throws error with
    /// the statuses of walrus_accel_decode.
    decoded decode(const decode_request &request, control_ref by = {}) const {
        return try_decode(request, by).value();
    }

    /// Does as decode, without exceptions.
    result<decoded> try_decode(const decode_request &request, control_ref by = {}) const {
        return run<detail::decoding>(request, by);
    }

    /// Decodes a blob without metadata, unchecked, and returns when the blob is decoded. `by`: as
    /// in encode. Throws error with the statuses of walrus_accel_decode_unchecked.
    decoded decode_unchecked(const decode_unchecked_request &request, control_ref by = {}) const {
        return try_decode_unchecked(request, by).value();
    }

    /// Does as decode_unchecked, without exceptions.
    result<decoded> try_decode_unchecked(
        const decode_unchecked_request &request, control_ref by = {}) const {
        return run<detail::unchecked_decoding>(request, by);
    }

    /// Verifies slivers against the metadata of their blob, and returns one verdict per sliver. The
    /// call checks index, length, symbol size, and the Merkle root of the expanded sliver. `by`: as
    /// in encode. Throws error with the statuses of walrus_accel_verify.
    std::vector<verdict> verify(const verify_request &request, control_ref by = {}) const {
        return try_verify(request, by).value();
    }

    /// Does as verify, without exceptions.
    result<std::vector<verdict>> try_verify(
        const verify_request &request, control_ref by = {}) const {
        return run<detail::verifying>(request, by);
    }

    /// Verifies slivers of many blobs, as verify does for one blob. Slivers with symbols of one
    /// size are verified together, whatever their blob.
    std::vector<verdict> verify(span<const blob_sliver> slivers, control_ref by = {}) const {
        demand(by);
        std::vector<walrus_accel_sliver> given;
        std::vector<const walrus_accel_metadata *> metadata_per_sliver;
        for (const auto &one : slivers) {
            given.push_back(detail::requesting::one(one.sliver));
            metadata_per_sliver.push_back(detail::requesting::blob(one.blob));
        }
        std::vector<verdict> verdicts(given.size(), verdict::malformed);
        walrus_accel_verify_request told = WALRUS_ACCEL_VERIFY_REQUEST_INIT;
        told.metadata_per_sliver = metadata_per_sliver.data();
        told.slivers = given.data();
        told.sliver_count = given.size();
        told.verdicts = reinterpret_cast<std::uint8_t *>(verdicts.data());
        told.verdict_count = verdicts.size();
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_verify(handle_.get(), &told, by.get(), reason);
        });
        return verdicts;
    }

    /// Expands a sliver and builds the Merkle tree of its symbols. The root shows whether the
    /// sliver is good. `by`: as in encode. Throws error with status::invalid_sliver if the sliver
    /// does not belong to the metadata, and with the other statuses of walrus_accel_expand.
    expanded expand(const metadata &of, const sliver &given, control_ref by = {}) const {
        return try_expand(of, given, by).value();
    }

    /// Does as expand, without exceptions.
    result<expanded> try_expand(
        const metadata &of, const sliver &given, control_ref by = {}) const {
        if (auto reason = by.fault()) { return std::move(*reason); }
        const walrus_accel_sliver one = detail::requesting::one(given);
        walrus_accel_expand_request told = WALRUS_ACCEL_EXPAND_REQUEST_INIT;
        told.metadata = detail::requesting::blob(of);
        told.sliver = &one;
        expanded made;
        auto reason = detail::attempt([&](walrus_accel_error **place) {
            return walrus_accel_expand(
                handle_.get(), &told, by.get(), detail::receiving(made.handle_), place);
        });
        if (reason) { return std::move(*reason); }
        return made;
    }

    /// Returns the symbols of a sliver that recover the other axis's slivers of some pairs, without
    /// Merkle proofs, one after the other. Each symbol has the decoding_symbol_length of the shape.
    /// The call hashes nothing, and does not find out whether the bytes of the sliver are right.
    /// `by`: as in encode. Throws error with the statuses of walrus_accel_decoding_symbols.
    std::vector<std::uint8_t> decoding_symbols(const metadata &of, const sliver &given,
        span<const std::uint16_t> pairs, control_ref by = {}) const {
        demand(by);
        const walrus_accel_sliver one = detail::requesting::one(given);
        std::vector<std::uint8_t> bytes(pairs.size() * of.shape().decoding_symbol_length);
        walrus_accel_decoding_symbols_request told = WALRUS_ACCEL_DECODING_SYMBOLS_REQUEST_INIT;
        told.metadata = detail::requesting::blob(of);
        told.sliver = &one;
        told.targets = pairs.data();
        told.target_count = pairs.size();
        told.out = bytes.data();
        told.out_length = bytes.size();
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_decoding_symbols(handle_.get(), &told, by.get(), reason);
        });
        return bytes;
    }

    /// Verifies recovery symbols, BCS GeneralRecoverySymbol, for one target. `by`: as in encode.
    /// Throws error with the statuses of walrus_accel_verify_symbols.
    std::vector<symbol_verdict> verify_symbols(const metadata &of, const target &wanted,
        span<const span<const std::uint8_t>> symbols, control_ref by = {}) const {
        demand(by);
        const auto given = detail::requesting::symbols(symbols);
        std::vector<symbol_verdict> verdicts(given.size());
        walrus_accel_verify_symbols_request told = WALRUS_ACCEL_VERIFY_SYMBOLS_REQUEST_INIT;
        detail::requesting::recovering(of, wanted, given, told);
        told.verdicts = reinterpret_cast<std::uint8_t *>(verdicts.data());
        told.verdict_count = verdicts.size();
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_verify_symbols(handle_.get(), &told, by.get(), reason);
        });
        return verdicts;
    }

    /// Recovers a sliver from symbols of slivers of the other axis, or returns the proof that the
    /// blob was encoded inconsistently. `kind`: kind of the symbols; without Merkle proofs, the
    /// call cannot tell which symbols are wrong. `by`: as in encode. `verdicts`: null, or set to
    /// one verdict per symbol, even if there are too few symbols. Throws error with
    /// status::not_enough_symbols (several symbols of one sliver count once); with
    /// status::invalid_sliver if symbols without Merkle proofs make no valid sliver; with the other
    /// statuses of walrus_accel_recover.
    recovered recover(const metadata &of, const target &wanted,
        span<const span<const std::uint8_t>> symbols, symbol_kind kind = symbol_kind::recovery,
        control_ref by = {}, std::vector<symbol_verdict> *verdicts = nullptr) const {
        return try_recover(of, wanted, symbols, kind, by, verdicts).value();
    }

    /// Does as recover, without exceptions.
    result<recovered> try_recover(const metadata &of, const target &wanted,
        span<const span<const std::uint8_t>> symbols, symbol_kind kind = symbol_kind::recovery,
        control_ref by = {}, std::vector<symbol_verdict> *verdicts = nullptr) const {
        if (verdicts) { verdicts->assign(symbols.size(), symbol_verdict::not_checked); }
        if (auto reason = by.fault()) { return std::move(*reason); }
        const auto given = detail::requesting::symbols(symbols);
        walrus_accel_recover_request told = WALRUS_ACCEL_RECOVER_REQUEST_INIT;
        detail::requesting::recovering(of, wanted, given, told);
        if (verdicts) {
            told.verdicts = reinterpret_cast<std::uint8_t *>(verdicts->data());
            told.verdict_count = verdicts->size();
        }
        const auto call =
            kind == symbol_kind::recovery ? walrus_accel_recover : walrus_accel_recover_unproven;
        recovered made;
        auto reason = detail::attempt([&](walrus_accel_error **place) {
            return call(handle_.get(), &told, by.get(), detail::receiving(made.handle_), place);
        });
        if (reason) { return std::move(*reason); }
        return made;
    }

    /// Verifies an inconsistency proof, BCS InconsistencyProof. `along`: the axis of the proof's
    /// target, which the bytes do not have. `by`: as in encode. Throws error with the statuses of
    /// walrus_accel_verify_proof.
    proof_finding verify_proof(
        const metadata &of, axis along, span<const std::uint8_t> proof, control_ref by = {}) const {
        demand(by);
        walrus_accel_verify_proof_request told = WALRUS_ACCEL_VERIFY_PROOF_REQUEST_INIT;
        told.metadata = detail::requesting::blob(of);
        told.proof = proof.data();
        told.proof_length = proof.size();
        told.axis = detail::number_of(along);
        walrus_accel_proof_verdict found = WALRUS_ACCEL_PROOF_VERDICT_INIT;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_verify_proof(handle_.get(), &told, by.get(), &found, reason);
        });
        return {static_cast<proof_verdict>(found.verdict), found.symbol,
            static_cast<symbol_verdict>(found.symbol_verdict)};
    }

    /// Makes a reader of a blob, without slivers. Throws error with the statuses of
    /// walrus_accel_reader_new.
    walrus_accel::reader reader(const metadata &of) const {
        walrus_accel::reader made;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_reader_new(handle_.get(), detail::requesting::blob(of),
                detail::receiving(made.handle_), reason);
        });
        return made;
    }

    /// Rebuilds slivers of a blob from other slivers, without the blob, and returns when the
    /// slivers are rebuilt. The rebuilt slivers equal the slivers of a fresh encoding: the call
    /// computes the metadata anew and compares it. `by`: as in encode. Throws error with the
    /// statuses of walrus_accel_rebuild, and the exceptions of callables.
    encoded rebuild(const rebuild_request &request, control_ref by = {}) const {
        return try_rebuild(request, by).value();
    }

    /// Does as rebuild, without exceptions.
    result<encoded> try_rebuild(const rebuild_request &request, control_ref by = {}) const {
        return run<detail::rebuilding>(request, by);
    }

    /// Encodes many blobs, up to runtime_options::max_jobs at once, and returns one result per blob
    /// when all are done. A blob that fails does not stop the others. The progress of `by` counts
    /// blobs. Throws error if the batch does not begin, or with status::poisoned.
    std::vector<result<encoded>> encode_batch(
        span<const encode_request> requests, control_ref by = {}) const {
        return run_batch<detail::encoding>(requests, by);
    }

    /// Encodes many quilts, as encode_batch encodes blobs.
    std::vector<result<encoded>> encode_quilt_batch(
        span<const encode_quilt_request> requests, control_ref by = {}) const {
        return run_batch<detail::quilt_encoding>(requests, by);
    }

    /// Decodes many blobs, as encode_batch encodes them. Memory that different requests write must
    /// not overlap.
    std::vector<result<decoded>> decode_batch(
        span<const decode_request> requests, control_ref by = {}) const {
        return run_batch<detail::decoding>(requests, by);
    }

    /// Verifies a directory of slivers that sink::directory wrote. `directory`: the directory of
    /// the blob. `by`: as in encode. Throws error with the statuses of
    /// walrus_accel_directory_verify.
    directory_report verify_directory(const std::filesystem::path &directory,
        scrutiny how = scrutiny::full, control_ref by = {}) const {
        return reported(directory, by, [&](const char *path, auto... arguments) {
            return walrus_accel_directory_verify(
                handle_.get(), path, static_cast<std::uint32_t>(how), arguments...);
        });
    }

    /// Repairs a directory of slivers: rebuilds missing and damaged slivers from the others, so
    /// that the directory equals a fresh encoding. Foreign files stay. The rebuilt files get their
    /// names when all are complete. Returns the problems that were found, which are repaired except
    /// for foreign files. Parameters as in verify_directory. Throws error with the statuses of
    /// walrus_accel_directory_repair.
    directory_report repair_directory(
        const std::filesystem::path &directory, control_ref by = {}) const {
        return reported(directory, by, [&](const char *path, auto... arguments) {
            return walrus_accel_directory_repair(handle_.get(), path, arguments...);
        });
    }

    /// Submits a job that encodes a blob, as encode does, and returns at once. The job runs when
    /// fewer than runtime_options::max_jobs other jobs run; until then it waits, in order.
    ///
    /// `completed`: empty, or a callable that learns once that the job has ended, with or without
    /// success: writes to an eventfd, calls uv_async_send, wakes a future. The library calls it
    /// from one of its threads, or from the thread that cancels or destroys a queued job, possibly
    /// before this call returns. It may use and destroy this job. It must not wait, nor call any
    /// other function of the library. job::get throws its exception. Throws error with the statuses
    /// of walrus_accel_submit_encode.
    job<encoded> submit_encode(
        const encode_request &request, std::function<void()> completed = {}) const {
        return submit<detail::encoding>(request, std::move(completed));
    }

    /// Submits a job that encodes a quilt, as encode_quilt does, and returns at once. Parameters
    /// and failures as in submit_encode.
    job<encoded> submit_encode_quilt(
        const encode_quilt_request &request, std::function<void()> completed = {}) const {
        return submit<detail::quilt_encoding>(request, std::move(completed));
    }

    /// Submits a job that decodes a blob, as decode does, and returns at once. Parameters and
    /// failures as in submit_encode.
    job<decoded> submit_decode(
        const decode_request &request, std::function<void()> completed = {}) const {
        return submit<detail::decoding>(request, std::move(completed));
    }

    /// Submits a job that decodes without metadata, as decode_unchecked does, and returns at once.
    /// Parameters and failures as in submit_encode.
    job<decoded> submit_decode_unchecked(
        const decode_unchecked_request &request, std::function<void()> completed = {}) const {
        return submit<detail::unchecked_decoding>(request, std::move(completed));
    }

    /// Submits a job that verifies slivers, as verify does, and returns at once. Parameters and
    /// failures as in submit_encode.
    job<std::vector<verdict>> submit_verify(
        const verify_request &request, std::function<void()> completed = {}) const {
        return submit<detail::verifying>(request, std::move(completed));
    }

    /// Submits a job that rebuilds slivers, as rebuild does, and returns at once. Parameters and
    /// failures as in submit_encode.
    job<encoded> submit_rebuild(
        const rebuild_request &request, std::function<void()> completed = {}) const {
        return submit<detail::rebuilding>(request, std::move(completed));
    }

  private:
    static void demand(const control_ref &by) {
        if (const auto reason = by.fault()) { reason->raise(); }
    }

    template <class Errand>
    result<typename Errand::value_type> run(
        const typename Errand::request_type &request, control_ref by) const {
        if (auto reason = by.fault()) { return std::move(*reason); }
        Errand errand(request);
        return errand.conclude(detail::attempt([&](walrus_accel_error **place) {
            return errand.run(handle_.get(), by.get(), place);
        }));
    }

    template <class Errand>
    job<typename Errand::value_type> submit(
        const typename Errand::request_type &request, std::function<void()> completed) const {
        auto errand = std::make_shared<Errand>(request);
        const auto ended = errand->prepare(std::move(completed));
        detail::job_handle handle;
        detail::demand([&](walrus_accel_error **reason) {
            return errand->submit(handle_.get(), ended, detail::receiving(handle), reason);
        });
        return {std::move(errand), std::move(handle)};
    }

    template <class Errand>
    std::vector<result<typename Errand::value_type>> run_batch(
        span<const typename Errand::request_type> requests, control_ref by) const {
        demand(by);
        std::vector<std::unique_ptr<Errand>> errands;
        std::vector<decltype(Errand::told)> told;
        for (const auto &request : requests) {
            errands.push_back(std::make_unique<Errand>(request));
            told.push_back(errands.back()->told);
        }
        std::vector<typename Errand::result_type> found(errands.size());
        const auto reason = detail::attempt([&](walrus_accel_error **place) {
            return Errand::run_batch(
                handle_.get(), told.data(), told.size(), by.get(), found.data(), place);
        });
        std::vector<result<typename Errand::value_type>> results;
        results.reserve(found.size());
        // A batch that does not begin has this status for all blobs.
        bool has_begun = true;
        for (std::size_t number = 0; number < found.size(); ++number) {
            const detail::error_handle why(found[number].error);
            errands[number]->receive(found[number]);
            has_begun = has_begun && found[number].status != WALRUS_ACCEL_NOT_ENDED;
            std::optional<failure> failed;
            if (found[number].status != WALRUS_ACCEL_OK) {
                failed = detail::failure_from(found[number].status, why.get());
            }
            results.push_back(errands[number]->conclude(std::move(failed)));
        }
        if (reason && (found.empty() || !has_begun)) { reason->raise(); }
        return results;
    }

    walrus_accel::quilt_reader read_by(walrus_accel::quilt_reader made,
        const walrus_accel_quilt_reader_request &told, control_ref by) const {
        demand(by);
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_quilt_reader_new(
                handle_.get(), &told, by.get(), detail::receiving(made.handle_), reason);
        });
        return made;
    }

    template <class Call>
    static directory_report reported(
        const std::filesystem::path &directory, control_ref by, Call &&call) {
        demand(by);
        const std::string path = detail::c_path(directory, "directory");
        detail::directory_report_handle handle;
        detail::demand([&](walrus_accel_error **reason) {
            detail::receiving place(handle);
            return call(path.c_str(), by.get(),
                static_cast<walrus_accel_directory_report **>(place), reason);
        });
        directory_report told;
        std::size_t count = 0;
        detail::demand([&](walrus_accel_error **reason) {
            return walrus_accel_directory_report_counts(
                handle.get(), &told.checked, &count, reason);
        });
        for (std::size_t number = 0; number < count; ++number) {
            walrus_accel_problem found = WALRUS_ACCEL_PROBLEM_INIT;
            detail::demand([&](walrus_accel_error **reason) {
                return walrus_accel_directory_report_get(handle.get(), number, &found, reason);
            });
            told.problems.push_back({detail::path_from(found.path), found.reason,
                static_cast<problem_kind>(found.kind)});
        }
        return told;
    }

    detail::runtime_handle handle_;
};

} // namespace walrus_accel

/// Hashes a blob ID by its bytes, which are a hash already.
template <> struct std::hash<walrus_accel::blob_id> {
    std::size_t operator()(const walrus_accel::blob_id &id) const noexcept {
        std::size_t value = 0;
        for (std::size_t number = 0; number < sizeof value; ++number) {
            value = value << 8 | id.bytes[number];
        }
        return value;
    }
};

#endif // WALRUS_ACCEL_HPP
