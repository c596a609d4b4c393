# One image for web, workers and beat.
FROM node:22-slim AS browser
WORKDIR /app/frontend
COPY frontend/package.json frontend/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY frontend ./
RUN npm run build

FROM python:3.11-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY requirements.lock ./
RUN pip install --no-cache-dir -r requirements.lock
COPY manage.py ./
COPY analysis analysis
COPY inference inference
COPY readerstudy readerstudy
COPY --from=browser /app/frontend/dist frontend/dist
RUN useradd --uid 10001 readerstudy && install -d -o readerstudy /var/lib/readerstudy
USER readerstudy
