"""Every setting, read once from the environment, safe by default.

`docs/deployment.md` lists the variables. Without any, the platform runs embedded: SQLite, a
file-system broker and local storage under `var/`, on localhost only.
"""

from pathlib import Path
from typing import Any

from environs import Env

from readerstudy.object_storage import s3_storage
from readerstudy.secret import first_run_secret

env = Env()

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.str("READERSTUDY_VAR", str(BASE_DIR / "var"))).resolve()
VAR_DIR.mkdir(parents=True, exist_ok=True)

# --- who we are and who may call -------------------------------------------------------------
PRODUCTION: bool = env.bool("READERSTUDY_PRODUCTION", default=False)
DEBUG = False  # no stack trace ever reaches a user; logs have them
SECRET_KEY: str = env.str("SECRET_KEY", "") or first_run_secret(VAR_DIR / "secret_key")
# Secrets of before: what was signed or sealed under them is still taken (docs/deployment.md).
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])
ROOT_URLCONF = "readerstudy.urls"
WSGI_APPLICATION = "readerstudy.wsgi.application"
AUTH_USER_MODEL = "accounts.User"
SILENCED_SYSTEM_CHECKS: list[str] = []

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "axes",
    "csp",
    "django_htmx",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "django_structlog",
    "readerstudy.web",
    "readerstudy.audit",
    "readerstudy.accounts",
    "readerstudy.imaging",
    "readerstudy.studies",
    "readerstudy.proposals",
    "readerstudy.reads",
    "readerstudy.truth",
    "readerstudy.results",
    "readerstudy.desk",
    "readerstudy.demo",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "readerstudy.web.middleware.ProblemMiddleware",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ],
        },
    },
]

# --- data ------------------------------------------------------------------------------------
DATABASES = {
    "default": env.dj_db_url(
        "DATABASE_URL", f"sqlite:///{VAR_DIR / 'readerstudy.sqlite3'}", conn_max_age=60
    )
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # An acknowledged read survives power loss: WAL with full sync; writers queue, never fail.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHE_DIR = Path(env.str("READERSTUDY_CACHE", str(VAR_DIR / "cache")))
STORE_DIR = Path(env.str("READERSTUDY_STORE", str(VAR_DIR / "store")))
SPOOL_DIR = Path(env.str("READERSTUDY_SPOOL", str(VAR_DIR / "spool")))
S3_BUCKET: str = env.str("S3_BUCKET", "")  # images and results lie there, STORE_DIR is its cache
STORE_CACHE_BYTES = int(env.float("STORE_CACHE_GB", 50.0) * 1024**3)
SPOOL_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
ANCHOR_DIR = Path(env.str("READERSTUDY_ANCHORS", str(VAR_DIR / "anchors")))  # better: not here
AUDIT_KEY = VAR_DIR / "audit_key"  # signs anchors; made at its first use
PACKS_COMPRESSED: bool = env.bool("PACKS_COMPRESSED", True)  # for slow lines, beside the raw ones
X_ACCEL_PREFIX: str = env.str("X_ACCEL_PREFIX", "")  # set where a proxy sends image data itself
PROXY_KEY: str = env.str("PROXY_KEY", "")  # by it the proxy checks images' tokens itself

# --- queue: jobs are rows; the broker only wakes workers up ------------------------------------
BROKER_URL: str = env.str("BROKER_URL", "disk://localhost/")
QUEUE_DIR = VAR_DIR / "queue"
JOB_LEASE_SECONDS: int = env.int("JOB_LEASE_SECONDS", 60)  # workers renew it as they go
JOB_MAX_ATTEMPTS: int = env.int("JOB_MAX_ATTEMPTS", 3)
JOB_BACKOFF_SECONDS: int = env.int("JOB_BACKOFF_SECONDS", 30)  # before the second; then 4 times
# Memory of the workers that take the queue "detectors"; 0: as much as any detector may need.
DETECTOR_MEMORY_MIB: int = env.int("DETECTOR_MEMORY_MIB", 0)
SWEEP_SECONDS: float = env.float("SWEEP_SECONDS", 30.0)

# --- sign-in ---------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = [
    "readerstudy.accounts.hashers.OwaspArgon2",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "accounts:sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "accounts:sign-in"
# A code of an authenticator app beside the password, for administrators and coordinators.
SECOND_FACTOR_REQUIRED: bool = env.bool("SECOND_FACTOR_REQUIRED", default=False)
OTP_TOTP_ISSUER = "Readerstudy"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "readerstudy.web.problems.locked_out"
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# --- transport -------------------------------------------------------------------------------
SESSION_COOKIE_AGE = 12 * 3600
LANGUAGE_COOKIE_NAME, LANGUAGE_COOKIE_AGE = "language", 365 * 24 * 3600
LANGUAGE_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = PRODUCTION
SESSION_COOKIE_NAME = "__Host-session" if PRODUCTION else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if PRODUCTION else "csrf"
CSRF_FAILURE_VIEW = "readerstudy.web.problems.csrf_failure"
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PRODUCTION else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'", "'wasm-unsafe-eval'"],
        "style-src": ["'self'"],  # scripts size elements by the CSSOM, which it allows
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    },
}
# Uploads are streamed to the spool; a form or a JSON body is small.
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = 5000
FILE_UPLOAD_TEMP_DIR = str(SPOOL_DIR)  # what a form sends may name a patient

# --- mail: without a server, mails are files that an administrator can read -----------------------
EMAIL_HOST: str = env.str("EMAIL_HOST", "")
EMAIL_PORT: int = env.int("EMAIL_PORT", 587)
EMAIL_HOST_USER: str = env.str("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD: str = env.str("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS: bool = env.bool("EMAIL_USE_TLS", default=True)
EMAIL_TIMEOUT = 20
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'filebased'}.EmailBackend"
EMAIL_FILE_PATH = VAR_DIR / "mail"
DEFAULT_FROM_EMAIL: str = env.str("MAIL_FROM", "readerstudy@localhost")
SITE_URL: str = env.str("SITE_URL", "http://localhost:8000").rstrip("/")  # of links in mails

# --- words, times, files ---------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [BASE_DIR / "readerstudy" / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE: str = env.str("TIME_ZONE", "UTC")
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [path for path in [BASE_DIR / "frontend" / "dist"] if path.is_dir()]
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "readerstudy.web.static.Storage"},
}
if S3_BUCKET:
    STORAGES["images"] = s3_storage(
        S3_BUCKET, endpoint=env.str("S3_ENDPOINT", ""), prefix=env.str("S3_PREFIX", "")
    )
WHITENOISE_IMMUTABLE_FILE_TEST = r"(?:/assets/.+-[\w-]{8}|\.[0-9a-f]{12})\.\w+$"  # hashed names
WHITENOISE_MIMETYPES = {".wasm": "application/wasm"}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["readerstudy.web.api.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["readerstudy.web.api.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "readerstudy.web.problems.answer",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Readerstudy",
    "VERSION": "0.1.0",
    "DESCRIPTION": "What the reading room and other programs may ask of the platform.",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "readerstudy.web.logs.formatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", "WARNING")},
}
